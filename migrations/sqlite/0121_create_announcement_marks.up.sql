-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'announcement_marks_account_id'
CREATE TABLE announcement_marks (
  id INTEGER NOT NULL,
  announcement_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (announcement_id, name, account_id)
) STRICT;
CREATE INDEX announcement_marks_account_id ON announcement_marks (account_id, announcement_id);
