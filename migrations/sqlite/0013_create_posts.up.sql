-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'posts'
CREATE TABLE posts (
  id INTEGER NOT NULL,
  author_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  home INTEGER NOT NULL,
  listed INTEGER NOT NULL,
  root_id INTEGER NULL,
  in_reply_to_id INTEGER NULL,
  in_reply_to_author_id INTEGER NULL,
  caption TEXT NOT NULL,
  warning TEXT NOT NULL DEFAULT '',
  sensitive INTEGER NOT NULL DEFAULT 0,
  visibility TEXT NOT NULL,
  licence TEXT NOT NULL,
  show_exif INTEGER NOT NULL DEFAULT 1,
  language TEXT NOT NULL DEFAULT '',
  photos_count INTEGER NOT NULL DEFAULT 0,
  likes_count INTEGER NOT NULL DEFAULT 0,
  comments_count INTEGER NOT NULL DEFAULT 0,
  app_id INTEGER NULL,
  created_at INTEGER NOT NULL,
  edited_at INTEGER NULL,
  deleted_at INTEGER NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (author_id) REFERENCES accounts (id),
  FOREIGN KEY (root_id) REFERENCES posts (id),
  FOREIGN KEY (in_reply_to_id) REFERENCES posts (id),
  FOREIGN KEY (app_id) REFERENCES apps (id)
) STRICT;
CREATE INDEX posts_author_id_home_id ON posts (author_id, home, id);
CREATE INDEX posts_author_id_id ON posts (author_id, id);
CREATE INDEX posts_listed_id ON posts (listed, id);
CREATE INDEX posts_root_id_id ON posts (root_id, id);
CREATE INDEX posts_in_reply_to_id_id ON posts (in_reply_to_id, id);
CREATE INDEX posts_app_id ON posts (app_id);
