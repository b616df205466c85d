-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'follows' AND column_name = 'hide_boosts'
ALTER TABLE `follows` ADD COLUMN `hide_boosts` TINYINT(1) NOT NULL DEFAULT 0;
