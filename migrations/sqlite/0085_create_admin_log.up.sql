-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'admin_log'
CREATE TABLE admin_log (
  id INTEGER NOT NULL,
  actor_id INTEGER NULL,
  actor TEXT NOT NULL,
  via TEXT NOT NULL,
  act TEXT NOT NULL,
  target_id INTEGER NULL,
  target TEXT NOT NULL,
  ref_id INTEGER NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  words TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
