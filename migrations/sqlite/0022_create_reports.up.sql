-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'reports'
CREATE TABLE reports (
  id INTEGER NOT NULL,
  reporter_id INTEGER NULL,
  target_id INTEGER NOT NULL,
  post_id INTEGER NULL,
  comment TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  state TEXT NOT NULL,
  closed_by_id INTEGER NULL,
  created_at INTEGER NOT NULL,
  closed_at INTEGER NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (reporter_id) REFERENCES accounts (id),
  FOREIGN KEY (target_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX reports_state_id ON reports (state, id);
CREATE INDEX reports_target_id ON reports (target_id);
CREATE INDEX reports_reporter_id ON reports (reporter_id);
CREATE INDEX reports_post_id ON reports (post_id);
