-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'unconfirmed_at'
ALTER TABLE `accounts` ADD COLUMN `unconfirmed_at` BIGINT NULL, ADD KEY `accounts_unconfirmed_at` (`unconfirmed_at`);
