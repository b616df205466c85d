-- done: SELECT COUNT(*) FROM pragma_table_info('posts') WHERE name = 'comments_from'
ALTER TABLE posts ADD COLUMN comments_from TEXT NOT NULL DEFAULT 'everyone';
