ALTER TABLE notifications DROP COLUMN album_id;
