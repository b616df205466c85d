-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'list_members'
CREATE TABLE list_members (
  id INTEGER NOT NULL,
  list_id INTEGER NOT NULL,
  follower_id INTEGER NOT NULL,
  followee_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (list_id, followee_id, follower_id),
  FOREIGN KEY (list_id) REFERENCES lists (id),
  FOREIGN KEY (follower_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX list_members_list_id_id ON list_members (list_id, id);
CREATE INDEX list_members_follower_id_followee_id_list_id ON list_members (follower_id, followee_id, list_id);
CREATE INDEX list_members_followee_id_list_id ON list_members (followee_id, list_id);
