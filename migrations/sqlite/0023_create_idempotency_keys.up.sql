-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'idempotency_keys'
CREATE TABLE idempotency_keys (
  account_id INTEGER NOT NULL,
  key_hash TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  post_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, key_hash),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
