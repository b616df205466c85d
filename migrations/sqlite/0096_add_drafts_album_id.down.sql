ALTER TABLE drafts DROP COLUMN album_id;
