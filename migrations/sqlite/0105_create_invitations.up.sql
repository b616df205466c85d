-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'invitations'
CREATE TABLE invitations (
  id INTEGER NOT NULL,
  note TEXT NOT NULL,
  role TEXT NOT NULL,
  email TEXT NOT NULL,
  max_uses INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  creator_id INTEGER NULL,
  creator TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
