-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'photos_version'
ALTER TABLE accounts ADD COLUMN photos_version INTEGER NOT NULL DEFAULT 0;
