-- done: SELECT COUNT(*) = 0 FROM sqlite_master WHERE type = 'table' AND name = 'idempotency_keys'
DROP TABLE idempotency_keys;
