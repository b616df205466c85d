-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'account_notes'
CREATE TABLE account_notes (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  note TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id, target_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (target_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX account_notes_target_id_account_id ON account_notes (target_id, account_id);
