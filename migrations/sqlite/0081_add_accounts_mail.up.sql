-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'email_undone_change'
ALTER TABLE accounts ADD COLUMN email_verified_at INTEGER NULL;
ALTER TABLE accounts ADD COLUMN email_undone_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN email_undone_change INTEGER NOT NULL DEFAULT 0;
