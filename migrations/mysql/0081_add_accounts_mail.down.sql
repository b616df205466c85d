ALTER TABLE `accounts` DROP COLUMN `mail_digest_at`, DROP COLUMN `mail_digest`, DROP COLUMN `mail_told_id`, DROP COLUMN `email_restores`, DROP COLUMN `email_verified_at`;
