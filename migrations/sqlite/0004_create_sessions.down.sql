-- done: SELECT COUNT(*) = 0 FROM sqlite_master WHERE type = 'table' AND name = 'sessions'
DROP TABLE sessions;
