-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'leaving_at'
ALTER TABLE accounts ADD COLUMN leaving_at INTEGER NULL;
