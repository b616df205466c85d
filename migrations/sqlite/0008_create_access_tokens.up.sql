-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'access_tokens'
CREATE TABLE access_tokens (
  id INTEGER NOT NULL,
  hash TEXT NOT NULL,
  account_id INTEGER NULL,
  app_id INTEGER NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (hash),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (app_id) REFERENCES apps (id)
) STRICT;
CREATE INDEX access_tokens_account_id ON access_tokens (account_id);
CREATE INDEX access_tokens_app_id ON access_tokens (app_id);
