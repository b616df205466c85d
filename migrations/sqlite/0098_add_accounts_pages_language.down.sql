ALTER TABLE accounts DROP COLUMN pages_language;
