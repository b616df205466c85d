-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reports' AND column_name = 'avatar_photo_id'
ALTER TABLE `reports` ADD COLUMN `avatar_photo_id` BIGINT NULL, ADD COLUMN `header_photo_id` BIGINT NULL;
