-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'decisions'
CREATE TABLE decisions (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  by_id INTEGER NULL,
  report_id INTEGER NULL,
  post_id INTEGER NULL,
  words TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  ends_at INTEGER NULL,
  created_at INTEGER NOT NULL,
  undone_at INTEGER NULL,
  appeal TEXT NOT NULL,
  appealed_at INTEGER NULL,
  answer TEXT NOT NULL,
  answer_words TEXT NOT NULL,
  answered_by_id INTEGER NULL,
  answered_at INTEGER NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX decisions_account_id_id ON decisions (account_id, id);
CREATE INDEX decisions_answer_id ON decisions (answer, id);
