-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'discoverable'
ALTER TABLE accounts ADD COLUMN bot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN discoverable INTEGER NOT NULL DEFAULT 1;
