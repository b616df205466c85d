-- done: SELECT COUNT(*) FROM pragma_table_info('drafts') WHERE name = 'album_id'
ALTER TABLE drafts ADD COLUMN album_id INTEGER NOT NULL DEFAULT 0;
