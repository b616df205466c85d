-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'factors'
CREATE TABLE factors (
  id INTEGER NOT NULL PRIMARY KEY,
  account_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  secret TEXT NOT NULL,
  credential_hash TEXT NULL,
  last_step INTEGER NOT NULL DEFAULT 0,
  used_at INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  UNIQUE (credential_hash),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX factors_account_id_id ON factors (account_id, id);
