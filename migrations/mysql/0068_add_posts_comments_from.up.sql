-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'posts' AND column_name = 'comments_from'
ALTER TABLE `posts` ADD COLUMN `comments_from` VARCHAR(16) NOT NULL DEFAULT 'everyone';
