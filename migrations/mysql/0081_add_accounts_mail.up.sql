-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'email_restores'
ALTER TABLE `accounts` ADD COLUMN `email_verified_at` BIGINT NULL, ADD COLUMN `email_restores` INT NOT NULL DEFAULT 0;
