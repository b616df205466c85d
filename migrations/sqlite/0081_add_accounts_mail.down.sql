ALTER TABLE accounts DROP COLUMN email_restores;
ALTER TABLE accounts DROP COLUMN email_verified_at;
