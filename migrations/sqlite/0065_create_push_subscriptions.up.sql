-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'push_subscriptions'
CREATE TABLE push_subscriptions (
  id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  token_id INTEGER NULL,
  session_hash TEXT NULL,
  session_epoch INTEGER NOT NULL,
  device TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  endpoint_hash TEXT NOT NULL,
  p256dh TEXT NOT NULL,
  secrets TEXT NOT NULL,
  standard INTEGER NOT NULL,
  alerts TEXT NOT NULL,
  policy TEXT NOT NULL,
  failing_since INTEGER NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (token_id),
  UNIQUE (session_hash),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX push_subscriptions_account_id_id ON push_subscriptions (account_id, id);
CREATE INDEX push_subscriptions_endpoint_hash ON push_subscriptions (endpoint_hash);
