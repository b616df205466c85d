-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'blocks'
CREATE TABLE blocks (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id, target_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (target_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX blocks_target_id_account_id ON blocks (target_id, account_id);
