ALTER TABLE posts DROP COLUMN boosts_count;
