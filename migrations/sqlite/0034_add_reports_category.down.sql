ALTER TABLE reports DROP COLUMN category;
