-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'mentions'
CREATE TABLE mentions (
  post_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  PRIMARY KEY (post_id, account_id),
  FOREIGN KEY (post_id) REFERENCES posts (id),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_account_id_post_id ON mentions (account_id, post_id);
