-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'conversation_mutes'
CREATE TABLE conversation_mutes (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  post_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id, post_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (post_id) REFERENCES posts (id)
) STRICT;
CREATE INDEX conversation_mutes_account_id_id ON conversation_mutes (account_id, id);
CREATE INDEX conversation_mutes_post_id_id ON conversation_mutes (post_id, id);
