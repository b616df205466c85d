DROP INDEX reports_comment_id;
ALTER TABLE reports DROP COLUMN comment_id;
ALTER TABLE reports DROP COLUMN announcement_id;
