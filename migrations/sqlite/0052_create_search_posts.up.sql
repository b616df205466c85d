-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'search_posts'
CREATE TABLE search_posts (
  post_id INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  words TEXT NOT NULL,
  PRIMARY KEY (post_id)
) STRICT;
