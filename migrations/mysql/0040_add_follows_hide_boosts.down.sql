ALTER TABLE `follows` DROP COLUMN `hide_boosts`;
