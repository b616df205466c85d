-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'posts' AND column_name = 'boosts_count'
ALTER TABLE `posts` ADD COLUMN `boosts_count` INT NOT NULL DEFAULT 0;
