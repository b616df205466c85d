-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'mail_digest_at'
ALTER TABLE accounts ADD COLUMN email_verified_at INTEGER NULL;
ALTER TABLE accounts ADD COLUMN email_restores INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN mail_told_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN mail_digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN mail_digest_at INTEGER NOT NULL DEFAULT 0;
