-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'authorization_codes'
CREATE TABLE authorization_codes (
  hash TEXT NOT NULL,
  app_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  redirect_uri TEXT NOT NULL,
  scopes TEXT NOT NULL,
  code_challenge TEXT NOT NULL DEFAULT '',
  token_id INTEGER NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (hash),
  FOREIGN KEY (app_id) REFERENCES apps (id),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_codes_app_id ON authorization_codes (app_id);
CREATE INDEX authorization_codes_account_id ON authorization_codes (account_id);
CREATE INDEX authorization_codes_expires_at ON authorization_codes (expires_at);
