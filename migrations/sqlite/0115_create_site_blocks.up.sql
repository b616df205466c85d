-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'site_blocks'
CREATE TABLE site_blocks (
  id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  note TEXT NOT NULL,
  creator_id INTEGER NULL,
  creator TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (kind, value)
) STRICT;
