ALTER TABLE accounts DROP COLUMN mail_digest_at;
ALTER TABLE accounts DROP COLUMN mail_digest;
ALTER TABLE accounts DROP COLUMN mail_told_id;
ALTER TABLE accounts DROP COLUMN email_restores;
ALTER TABLE accounts DROP COLUMN email_verified_at;
