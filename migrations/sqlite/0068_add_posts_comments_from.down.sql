ALTER TABLE posts DROP COLUMN comments_from;
