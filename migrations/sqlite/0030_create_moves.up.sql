-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'moves'
CREATE TABLE moves (
  part TEXT NOT NULL PRIMARY KEY,
  phase TEXT NOT NULL,
  step INTEGER NOT NULL,
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  mover TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  progress TEXT NOT NULL
) STRICT, WITHOUT ROWID;
