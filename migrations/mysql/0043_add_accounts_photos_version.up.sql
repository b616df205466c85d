-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'photos_version'
ALTER TABLE `accounts` ADD COLUMN `photos_version` BIGINT NOT NULL DEFAULT 0;
