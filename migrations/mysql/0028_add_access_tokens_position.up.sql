-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'access_tokens' AND column_name = 'position'
ALTER TABLE `access_tokens` ADD COLUMN `position` BIGINT NOT NULL DEFAULT 0;
