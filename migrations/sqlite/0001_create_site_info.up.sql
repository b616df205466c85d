-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'site_info'
CREATE TABLE site_info (
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;
