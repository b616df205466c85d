-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'last_boost_at'
ALTER TABLE `accounts` ADD COLUMN `last_boost_at` BIGINT NULL;
