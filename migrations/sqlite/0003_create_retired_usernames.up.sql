-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'retired_usernames'
CREATE TABLE retired_usernames (
  username_key TEXT NOT NULL,
  retired_at INTEGER NOT NULL,
  PRIMARY KEY (username_key)
) STRICT, WITHOUT ROWID;
