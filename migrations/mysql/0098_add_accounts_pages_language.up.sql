-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'pages_language'
ALTER TABLE `accounts` ADD COLUMN `pages_language` VARCHAR(16) NOT NULL DEFAULT '';
