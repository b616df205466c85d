-- done: SELECT COUNT(*) FROM pragma_table_info('notification_choices') WHERE name = 'mail'
ALTER TABLE notification_choices ADD COLUMN mail INTEGER NULL;
