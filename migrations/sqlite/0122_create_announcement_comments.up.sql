-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'announcement_comments_announcement_id'
CREATE TABLE announcement_comments (
  id INTEGER NOT NULL,
  announcement_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  text TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX announcement_comments_account_id ON announcement_comments (account_id, id);
CREATE INDEX announcement_comments_announcement_id ON announcement_comments (announcement_id, id);
