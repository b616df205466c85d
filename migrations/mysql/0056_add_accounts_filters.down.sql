ALTER TABLE `accounts` DROP COLUMN `filters`, DROP COLUMN `exclusive_lists`;
