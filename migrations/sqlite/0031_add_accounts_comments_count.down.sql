ALTER TABLE accounts DROP COLUMN open_comments_count;
ALTER TABLE accounts DROP COLUMN comments_count;
