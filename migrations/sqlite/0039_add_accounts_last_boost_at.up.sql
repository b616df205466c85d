-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'last_boost_at'
ALTER TABLE accounts ADD COLUMN last_boost_at INTEGER NULL;
