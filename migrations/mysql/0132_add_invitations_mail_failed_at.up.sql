-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'invitations' AND column_name = 'mail_failed_at'
ALTER TABLE `invitations` ADD COLUMN `mail_failed_at` BIGINT NULL;
