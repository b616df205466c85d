-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'follows' AND column_name = 'notify'
ALTER TABLE `follows` ADD COLUMN `notify` TINYINT(1) NOT NULL DEFAULT 0, ADD KEY `follows_followee_id_notify` (`followee_id`,`notify`,`follower_id`);
