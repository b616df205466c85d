-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'reports_comment_id'
ALTER TABLE reports ADD COLUMN announcement_id INTEGER NULL;
ALTER TABLE reports ADD COLUMN comment_id INTEGER NULL;
CREATE INDEX reports_comment_id ON reports (comment_id);
