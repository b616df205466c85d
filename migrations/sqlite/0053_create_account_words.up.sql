-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'account_words'
CREATE TABLE account_words (
  word TEXT NOT NULL,
  account_id INTEGER NOT NULL,
  PRIMARY KEY (word, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_words_account_id ON account_words (account_id);
