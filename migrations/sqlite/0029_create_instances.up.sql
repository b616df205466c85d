-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'instances'
CREATE TABLE instances (
  id INTEGER NOT NULL PRIMARY KEY,
  host TEXT NOT NULL,
  program TEXT NOT NULL,
  roles TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  every_ms INTEGER NOT NULL,
  facts TEXT NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,
  watch INTEGER NOT NULL DEFAULT 0,
  hold INTEGER NOT NULL DEFAULT 0,
  parts TEXT NOT NULL
) STRICT;
