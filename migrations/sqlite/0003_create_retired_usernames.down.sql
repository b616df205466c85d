-- done: SELECT COUNT(*) = 0 FROM sqlite_master WHERE type = 'table' AND name = 'retired_usernames'
DROP TABLE retired_usernames;
