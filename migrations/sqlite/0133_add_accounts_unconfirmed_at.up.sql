-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'accounts_unconfirmed_at'
ALTER TABLE accounts ADD COLUMN unconfirmed_at INTEGER NULL;
CREATE INDEX accounts_unconfirmed_at ON accounts (unconfirmed_at) WHERE unconfirmed_at IS NOT NULL;
