-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'access_tokens' AND column_name = 'address'
ALTER TABLE `access_tokens` ADD COLUMN `address` VARCHAR(64) NOT NULL DEFAULT '';
