-- done: SELECT COUNT(*) FROM pragma_table_info('drafts') WHERE name = 'comments_from'
ALTER TABLE drafts ADD COLUMN comments_from TEXT NOT NULL DEFAULT 'everyone';
