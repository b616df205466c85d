-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'attempts'
CREATE TABLE attempts (
  bucket TEXT NOT NULL,
  window_start INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (bucket, window_start)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_window_start ON attempts (window_start);
