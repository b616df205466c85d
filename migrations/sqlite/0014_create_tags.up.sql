-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'tags'
CREATE TABLE tags (
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (name_key)
) STRICT;
