-- done: SELECT COUNT(*) = 0 FROM sqlite_master WHERE type = 'table' AND name = 'follow_requests'
DROP TABLE follow_requests;
