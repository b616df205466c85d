-- done: SELECT COUNT(*) FROM pragma_table_info('trends') WHERE name = 'days'
ALTER TABLE trends ADD COLUMN days TEXT NOT NULL DEFAULT '';
