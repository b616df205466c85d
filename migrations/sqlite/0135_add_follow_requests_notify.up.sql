-- done: SELECT COUNT(*) FROM pragma_table_info('follow_requests') WHERE name = 'notify'
ALTER TABLE follow_requests ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;
