-- done: SELECT COUNT(*) FROM pragma_table_info('notifications') WHERE name = 'album_id'
ALTER TABLE notifications ADD COLUMN album_id INTEGER NULL;
