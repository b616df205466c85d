-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'tag_follows'
CREATE TABLE tag_follows (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  tag_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id, tag_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (tag_id) REFERENCES tags (id)
) STRICT;
CREATE INDEX tag_follows_account_id_id ON tag_follows (account_id, id);
CREATE INDEX tag_follows_tag_id_account_id ON tag_follows (tag_id, account_id);
