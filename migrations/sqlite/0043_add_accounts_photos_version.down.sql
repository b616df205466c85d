ALTER TABLE accounts DROP COLUMN photos_version;
