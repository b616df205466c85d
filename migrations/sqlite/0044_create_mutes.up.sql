-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'mutes'
CREATE TABLE mutes (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  notifications INTEGER NOT NULL,
  ends_at INTEGER NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id, target_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (target_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX mutes_account_id_id ON mutes (account_id, id);
CREATE INDEX mutes_target_id_account_id ON mutes (target_id, account_id);
