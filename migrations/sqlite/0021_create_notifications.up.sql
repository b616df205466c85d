-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'notifications'
CREATE TABLE notifications (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  from_id INTEGER NOT NULL,
  post_id INTEGER NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (from_id) REFERENCES accounts (id),
  FOREIGN KEY (post_id) REFERENCES posts (id)
) STRICT;
CREATE INDEX notifications_account_id_id ON notifications (account_id, id);
CREATE INDEX notifications_from_id ON notifications (from_id);
CREATE INDEX notifications_post_id ON notifications (post_id);
