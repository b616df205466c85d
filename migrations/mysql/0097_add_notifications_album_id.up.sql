-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'notifications' AND column_name = 'album_id'
ALTER TABLE `notifications` ADD COLUMN `album_id` BIGINT NULL;
