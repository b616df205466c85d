-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'default_comments_from'
ALTER TABLE `accounts` ADD COLUMN `default_comments_from` VARCHAR(16) NOT NULL DEFAULT 'everyone';
