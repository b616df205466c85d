-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'album_downloads'
CREATE TABLE album_downloads (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  album_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  originals INTEGER NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  random TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  photos TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (account_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (album_id) REFERENCES albums (id)
) STRICT;
CREATE INDEX album_downloads_album_id_id ON album_downloads (album_id, id);
CREATE INDEX album_downloads_expires_at_id ON album_downloads (expires_at, id);
