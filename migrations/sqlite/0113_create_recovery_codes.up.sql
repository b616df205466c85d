-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'recovery_codes'
CREATE TABLE recovery_codes (
  account_id INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (account_id, hash),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
