ALTER TABLE reports DROP COLUMN header_photo_id;
ALTER TABLE reports DROP COLUMN avatar_photo_id;
