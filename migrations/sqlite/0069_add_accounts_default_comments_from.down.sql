ALTER TABLE accounts DROP COLUMN default_comments_from;
