-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'follows'
CREATE TABLE follows (
  id INTEGER NOT NULL,
  follower_id INTEGER NOT NULL,
  followee_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (follower_id, followee_id),
  FOREIGN KEY (follower_id) REFERENCES accounts (id),
  FOREIGN KEY (followee_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX follows_follower_id_id ON follows (follower_id, id);
CREATE INDEX follows_followee_id_id ON follows (followee_id, id);
