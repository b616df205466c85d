-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'albums'
CREATE TABLE albums (
  id INTEGER NOT NULL,
  owner_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  visibility TEXT NOT NULL,
  adders TEXT NOT NULL,
  ordering TEXT NOT NULL,
  cover_photo_id INTEGER,
  ends_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (owner_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX albums_owner_id_id ON albums (owner_id, id);
CREATE INDEX albums_visibility_id ON albums (visibility, id);
CREATE INDEX albums_adders_id ON albums (adders, id);
