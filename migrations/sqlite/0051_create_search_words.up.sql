-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'search_words'
CREATE TABLE search_words (
  scope INTEGER NOT NULL,
  word TEXT NOT NULL,
  post_id INTEGER NOT NULL,
  fields INTEGER NOT NULL,
  PRIMARY KEY (scope, word, post_id)
) STRICT, WITHOUT ROWID;
