-- done: SELECT COUNT(*) FROM pragma_table_info('follows') WHERE name = 'hide_boosts'
ALTER TABLE follows ADD COLUMN hide_boosts INTEGER NOT NULL DEFAULT 0;
