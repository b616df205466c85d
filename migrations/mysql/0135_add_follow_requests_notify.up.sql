-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'follow_requests' AND column_name = 'notify'
ALTER TABLE `follow_requests` ADD COLUMN `notify` TINYINT(1) NOT NULL DEFAULT 0;
