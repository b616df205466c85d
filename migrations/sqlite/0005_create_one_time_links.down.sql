-- done: SELECT COUNT(*) = 0 FROM sqlite_master WHERE type = 'table' AND name = 'one_time_links'
DROP TABLE one_time_links;
