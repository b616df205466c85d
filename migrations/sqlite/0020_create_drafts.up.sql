-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'drafts'
CREATE TABLE drafts (
  account_id INTEGER NOT NULL,
  caption TEXT NOT NULL,
  warning TEXT NOT NULL DEFAULT '',
  visibility TEXT NOT NULL,
  licence TEXT NOT NULL,
  show_exif INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
