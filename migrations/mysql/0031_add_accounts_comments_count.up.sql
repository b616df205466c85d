-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'open_comments_count'
ALTER TABLE `accounts` ADD COLUMN `comments_count` INT NOT NULL DEFAULT 0, ADD COLUMN `open_comments_count` INT NOT NULL DEFAULT 0;
