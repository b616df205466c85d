ALTER TABLE accounts DROP COLUMN email_undone_change;
ALTER TABLE accounts DROP COLUMN email_undone_at;
ALTER TABLE accounts DROP COLUMN email_verified_at;
