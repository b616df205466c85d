-- done: SELECT COUNT(*) FROM pragma_table_info('notifications') WHERE name = 'ref_id'
ALTER TABLE notifications ADD COLUMN ref_id INTEGER NULL;
