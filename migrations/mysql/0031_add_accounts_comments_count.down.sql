ALTER TABLE `accounts` DROP COLUMN `comments_count`, DROP COLUMN `open_comments_count`;
