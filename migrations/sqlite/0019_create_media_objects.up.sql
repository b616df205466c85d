-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'media_objects'
CREATE TABLE media_objects (
  random TEXT NOT NULL,
  photo_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  variants TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  gone_at INTEGER NULL,
  removed_at INTEGER NULL,
  PRIMARY KEY (random)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_objects_photo_id ON media_objects (photo_id);
CREATE INDEX media_objects_state_gone_at ON media_objects (state, gone_at);
