-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'one_time_links'
CREATE TABLE one_time_links (
  hash TEXT NOT NULL,
  kind TEXT NOT NULL,
  account_id INTEGER NULL,
  role TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER NULL,
  PRIMARY KEY (hash),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_links_account_id ON one_time_links (account_id);
CREATE INDEX one_time_links_expires_at ON one_time_links (expires_at);
