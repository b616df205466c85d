ALTER TABLE `accounts` DROP KEY `accounts_mail_failed_at`, DROP COLUMN `mail_failed_at`;
