-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'boosts'
CREATE TABLE boosts (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  post_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id, post_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (post_id) REFERENCES posts (id)
) STRICT;
CREATE INDEX boosts_post_id_id ON boosts (post_id, id);
CREATE INDEX boosts_account_id_id ON boosts (account_id, id);
