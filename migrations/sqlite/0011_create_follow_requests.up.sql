-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'follow_requests'
CREATE TABLE follow_requests (
  id INTEGER NOT NULL,
  follower_id INTEGER NOT NULL,
  followee_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (follower_id, followee_id),
  FOREIGN KEY (follower_id) REFERENCES accounts (id),
  FOREIGN KEY (followee_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX follow_requests_followee_id_id ON follow_requests (followee_id, id);
