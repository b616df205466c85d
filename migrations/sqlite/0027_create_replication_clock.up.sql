-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'replication_clock'
CREATE TABLE replication_clock (
  id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  holder TEXT NOT NULL,
  lease_until INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
