-- done: SELECT COUNT(*) FROM pragma_table_info('access_tokens') WHERE name = 'position'
ALTER TABLE access_tokens ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
