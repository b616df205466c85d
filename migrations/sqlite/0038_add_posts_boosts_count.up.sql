-- done: SELECT COUNT(*) FROM pragma_table_info('posts') WHERE name = 'boosts_count'
ALTER TABLE posts ADD COLUMN boosts_count INTEGER NOT NULL DEFAULT 0;
