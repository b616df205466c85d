-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'notification_choices'
CREATE TABLE notification_choices (
  account_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  page INTEGER NOT NULL,
  push INTEGER NOT NULL,
  PRIMARY KEY (account_id, kind),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
