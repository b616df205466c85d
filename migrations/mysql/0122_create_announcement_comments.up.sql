-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'announcement_comments'
CREATE TABLE `announcement_comments` (
  `id` BIGINT NOT NULL,
  `announcement_id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `text` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `announcement_comments_account_id` (`account_id`,`id`),
  KEY `announcement_comments_announcement_id` (`announcement_id`,`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
