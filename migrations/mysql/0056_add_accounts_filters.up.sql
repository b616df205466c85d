-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'filters'
ALTER TABLE `accounts` ADD COLUMN `filters` MEDIUMTEXT NULL, ADD COLUMN `exclusive_lists` INT NOT NULL DEFAULT 0;
