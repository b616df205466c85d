ALTER TABLE `reports` DROP COLUMN `header_photo_id`, DROP COLUMN `avatar_photo_id`;
