-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'apps'
CREATE TABLE apps (
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  website TEXT NOT NULL DEFAULT '',
  redirect_uris TEXT NOT NULL,
  scopes TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_secret_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (client_id)
) STRICT;
