ALTER TABLE drafts DROP COLUMN comments_from;
