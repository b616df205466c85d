-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'lists'
CREATE TABLE lists (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  replies_policy TEXT NOT NULL,
  exclusive INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX lists_account_id_id ON lists (account_id, id);
