-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'markers'
CREATE TABLE markers (
  account_id INTEGER NOT NULL,
  timeline TEXT NOT NULL,
  last_read_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, timeline),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
