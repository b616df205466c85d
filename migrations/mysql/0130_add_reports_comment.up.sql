-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reports' AND column_name = 'comment_id'
ALTER TABLE `reports` ADD COLUMN `announcement_id` BIGINT NULL, ADD COLUMN `comment_id` BIGINT NULL, ADD KEY `reports_comment_id` (`comment_id`);
