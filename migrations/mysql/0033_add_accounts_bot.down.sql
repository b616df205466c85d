ALTER TABLE `accounts` DROP COLUMN `bot`, DROP COLUMN `discoverable`;
