-- done: SELECT COUNT(*) FROM pragma_table_info('access_tokens') WHERE name = 'address'
ALTER TABLE access_tokens ADD COLUMN address TEXT NOT NULL DEFAULT '';
