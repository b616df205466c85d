-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'suspended_until'
ALTER TABLE accounts ADD COLUMN limited_at INTEGER NULL;
ALTER TABLE accounts ADD COLUMN storage_quota INTEGER NULL;
ALTER TABLE accounts ADD COLUMN suspended_until INTEGER NULL;
