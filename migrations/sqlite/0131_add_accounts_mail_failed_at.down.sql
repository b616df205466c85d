DROP INDEX accounts_mail_failed_at;
ALTER TABLE accounts DROP COLUMN mail_failed_at;
