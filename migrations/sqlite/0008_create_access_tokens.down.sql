-- done: SELECT COUNT(*) = 0 FROM sqlite_master WHERE type = 'table' AND name = 'access_tokens'
DROP TABLE access_tokens;
