-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'post_versions'
CREATE TABLE post_versions (
  id INTEGER NOT NULL,
  post_id INTEGER NOT NULL,
  caption TEXT NOT NULL,
  warning TEXT NOT NULL,
  sensitive INTEGER NOT NULL,
  photos TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (post_id) REFERENCES posts (id)
) STRICT;
CREATE INDEX post_versions_post_id_id ON post_versions (post_id, id);
