-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'trends'
CREATE TABLE trends (
  kind TEXT NOT NULL,
  position INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  cover_id INTEGER NOT NULL DEFAULT 0,
  uses INTEGER NOT NULL,
  accounts INTEGER NOT NULL,
  PRIMARY KEY (kind, position)
) STRICT, WITHOUT ROWID;
