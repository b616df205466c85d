ALTER TABLE posts DROP COLUMN photos_version;
