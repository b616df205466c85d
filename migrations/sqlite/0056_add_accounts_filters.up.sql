-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'filters'
ALTER TABLE accounts ADD COLUMN filters TEXT NULL;
ALTER TABLE accounts ADD COLUMN exclusive_lists INTEGER NOT NULL DEFAULT 0;
