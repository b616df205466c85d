-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'leaving_at'
ALTER TABLE `accounts` ADD COLUMN `leaving_at` BIGINT NULL;
