-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'announcements'
CREATE TABLE announcements (
  id INTEGER NOT NULL,
  text TEXT NOT NULL,
  starts_at INTEGER NULL,
  ends_at INTEGER NULL,
  all_day INTEGER NOT NULL,
  publish_at INTEGER NOT NULL,
  ended_at INTEGER NULL,
  deleted_at INTEGER NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
