-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'moderator_notes'
CREATE TABLE moderator_notes (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  author_id INTEGER NOT NULL,
  words TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX moderator_notes_account_id_id ON moderator_notes (account_id, id);
