-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reports' AND column_name = 'decision_id'
ALTER TABLE `reports` ADD COLUMN `rule` VARCHAR(500) NOT NULL DEFAULT '', ADD COLUMN `assigned_to_id` BIGINT NULL, ADD COLUMN `decision` VARCHAR(16) NOT NULL DEFAULT '', ADD COLUMN `decision_id` BIGINT NULL;
