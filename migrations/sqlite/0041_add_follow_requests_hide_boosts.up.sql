-- done: SELECT COUNT(*) FROM pragma_table_info('follow_requests') WHERE name = 'hide_boosts'
ALTER TABLE follow_requests ADD COLUMN hide_boosts INTEGER NOT NULL DEFAULT 0;
