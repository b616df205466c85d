-- done: SELECT COUNT(*) FROM pragma_table_info('reports') WHERE name = 'decision_id'
ALTER TABLE reports ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN assigned_to_id INTEGER NULL;
ALTER TABLE reports ADD COLUMN decision TEXT NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN decision_id INTEGER NULL;
