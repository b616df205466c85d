-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'album_photos'
CREATE TABLE album_photos (
  id INTEGER NOT NULL,
  album_id INTEGER NOT NULL,
  photo_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  originals INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (album_id, photo_id),
  FOREIGN KEY (album_id) REFERENCES albums (id),
  FOREIGN KEY (photo_id) REFERENCES photos (id)
) STRICT;
CREATE INDEX album_photos_album_id_position ON album_photos (album_id, position);
CREATE INDEX album_photos_photo_id_id ON album_photos (photo_id, id);
