ALTER TABLE `accounts` DROP COLUMN `email_undone_change`, DROP COLUMN `email_undone_at`, DROP COLUMN `email_verified_at`;
