-- done: SELECT COUNT(*) = 0 FROM sqlite_master WHERE type = 'table' AND name = 'authorization_codes'
DROP TABLE authorization_codes;
