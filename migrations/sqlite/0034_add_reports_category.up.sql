-- done: SELECT COUNT(*) FROM pragma_table_info('reports') WHERE name = 'category'
ALTER TABLE reports ADD COLUMN category TEXT NOT NULL DEFAULT '';
