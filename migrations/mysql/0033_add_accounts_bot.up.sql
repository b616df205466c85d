-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'discoverable'
ALTER TABLE `accounts` ADD COLUMN `bot` TINYINT(1) NOT NULL DEFAULT 0, ADD COLUMN `discoverable` TINYINT(1) NOT NULL DEFAULT 1;
