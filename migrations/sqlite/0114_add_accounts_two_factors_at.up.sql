-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'two_factors_at'
ALTER TABLE accounts ADD COLUMN two_factors_at INTEGER NULL;
