-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'imports'
CREATE TABLE imports (
  account_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  state TEXT NOT NULL,
  files TEXT NOT NULL,
  received INTEGER NOT NULL DEFAULT 0,
  found TEXT NOT NULL,
  visibility TEXT NOT NULL DEFAULT '',
  next INTEGER NOT NULL DEFAULT 0,
  report TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (account_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX imports_expires_at ON imports (expires_at);
