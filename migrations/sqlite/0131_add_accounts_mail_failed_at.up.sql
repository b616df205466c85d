-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'accounts_mail_failed_at'
ALTER TABLE accounts ADD COLUMN mail_failed_at INTEGER NULL;
CREATE INDEX accounts_mail_failed_at ON accounts (mail_failed_at) WHERE mail_failed_at IS NOT NULL;
