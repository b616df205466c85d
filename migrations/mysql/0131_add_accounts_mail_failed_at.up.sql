-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'mail_failed_at'
ALTER TABLE `accounts` ADD COLUMN `mail_failed_at` BIGINT NULL, ADD KEY `accounts_mail_failed_at` (`mail_failed_at`);
