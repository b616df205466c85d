-- done: SELECT COUNT(*) FROM pragma_table_info('accounts') WHERE name = 'pages_language'
ALTER TABLE accounts ADD COLUMN pages_language TEXT NOT NULL DEFAULT '';
