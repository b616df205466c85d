-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'trends' AND column_name = 'days'
ALTER TABLE `trends` ADD COLUMN `days` VARCHAR(255) NOT NULL DEFAULT '';
