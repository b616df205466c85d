-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'open_comments_count'
ALTER TABLE accounts ADD COLUMN comments_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN open_comments_count INTEGER NOT NULL DEFAULT 0;
