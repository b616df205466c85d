-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'default_comments_from'
ALTER TABLE accounts ADD COLUMN default_comments_from TEXT NOT NULL DEFAULT 'everyone';
