-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'email_restores'
ALTER TABLE accounts ADD COLUMN email_verified_at INTEGER NULL;
ALTER TABLE accounts ADD COLUMN email_restores INTEGER NOT NULL DEFAULT 0;
