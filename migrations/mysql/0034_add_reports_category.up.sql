-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reports' AND column_name = 'category'
ALTER TABLE `reports` ADD COLUMN `category` VARCHAR(16) NOT NULL DEFAULT '';
