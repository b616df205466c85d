-- done: SELECT COUNT(*) FROM pragma_table_info('posts') WHERE name = 'photos_version'
ALTER TABLE posts ADD COLUMN photos_version INTEGER NOT NULL DEFAULT 0;
