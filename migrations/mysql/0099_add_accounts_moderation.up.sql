-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'suspended_until'
ALTER TABLE `accounts` ADD COLUMN `limited_at` BIGINT NULL, ADD COLUMN `storage_quota` BIGINT NULL, ADD COLUMN `suspended_until` BIGINT NULL;
