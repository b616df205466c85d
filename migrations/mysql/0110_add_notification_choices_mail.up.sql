-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'notification_choices' AND column_name = 'mail'
ALTER TABLE `notification_choices` ADD COLUMN `mail` TINYINT(1) NULL;
