-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'pins'
CREATE TABLE pins (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  post_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id, post_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (post_id) REFERENCES posts (id)
) STRICT;
CREATE INDEX pins_account_id_id ON pins (account_id, id);
CREATE INDEX pins_post_id_id ON pins (post_id, id);
