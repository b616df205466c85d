-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'notifications' AND column_name = 'ref_id'
ALTER TABLE `notifications` ADD COLUMN `ref_id` BIGINT NULL;
