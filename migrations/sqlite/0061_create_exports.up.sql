-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'exports'
CREATE TABLE exports (
  account_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  state TEXT NOT NULL,
  parts TEXT NOT NULL,
  last_photo_id INTEGER NOT NULL DEFAULT 0,
  photos INTEGER NOT NULL DEFAULT 0,
  progress INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  missing INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  finished_at INTEGER NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (account_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX exports_expires_at ON exports (expires_at);
