ALTER TABLE `trends` DROP COLUMN `days`;
