-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'two_factors_at'
ALTER TABLE `accounts` ADD COLUMN `two_factors_at` BIGINT NULL;
