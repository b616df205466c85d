ALTER TABLE `follow_requests` DROP COLUMN `hide_boosts`;
