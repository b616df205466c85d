-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'held_posts_account_id_id'
CREATE TABLE held_posts (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  reasons TEXT NOT NULL,
  payload TEXT NOT NULL,
  post_id INTEGER NULL,
  words TEXT NOT NULL,
  decided_by_id INTEGER NULL,
  decided_at INTEGER NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX held_posts_state_id ON held_posts (state, id);
CREATE INDEX held_posts_account_id_id ON held_posts (account_id, id);
