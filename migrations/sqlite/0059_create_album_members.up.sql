-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'album_members'
CREATE TABLE album_members (
  id INTEGER NOT NULL,
  album_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (album_id, account_id),
  FOREIGN KEY (album_id) REFERENCES albums (id),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX album_members_account_id_album_id ON album_members (account_id, album_id);
