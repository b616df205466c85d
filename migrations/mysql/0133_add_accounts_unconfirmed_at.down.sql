ALTER TABLE `accounts` DROP KEY `accounts_unconfirmed_at`, DROP COLUMN `unconfirmed_at`;
