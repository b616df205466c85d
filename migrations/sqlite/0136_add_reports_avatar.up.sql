-- done: SELECT COUNT(*) FROM pragma_table_info('reports') WHERE name = 'header_photo_id'
ALTER TABLE reports ADD COLUMN avatar_photo_id INTEGER NULL;
ALTER TABLE reports ADD COLUMN header_photo_id INTEGER NULL;
