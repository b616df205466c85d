-- done: SELECT COUNT(*) FROM pragma_table_info('invitations') WHERE name = 'mail_failed_at'
ALTER TABLE invitations ADD COLUMN mail_failed_at INTEGER NULL;
