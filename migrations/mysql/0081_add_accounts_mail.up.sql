-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'email_undone_change'
ALTER TABLE `accounts` ADD COLUMN `email_verified_at` BIGINT NULL, ADD COLUMN `email_undone_at` BIGINT NOT NULL DEFAULT 0, ADD COLUMN `email_undone_change` BIGINT NOT NULL DEFAULT 0;
