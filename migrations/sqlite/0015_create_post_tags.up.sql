-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'post_tags'
CREATE TABLE post_tags (
  tag_id INTEGER NOT NULL,
  post_id INTEGER NOT NULL,
  PRIMARY KEY (tag_id, post_id),
  FOREIGN KEY (tag_id) REFERENCES tags (id),
  FOREIGN KEY (post_id) REFERENCES posts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_tags_post_id ON post_tags (post_id);
