-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'events'
CREATE TABLE events (
  id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  account_id INTEGER NOT NULL DEFAULT 0,
  ref_id INTEGER NOT NULL DEFAULT 0,
  payload TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX events_at ON events (at);
