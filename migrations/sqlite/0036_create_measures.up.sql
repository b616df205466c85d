-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'measures'
CREATE TABLE measures (
  at INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  host TEXT NOT NULL,
  facts TEXT NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (at, instance)
) STRICT;
