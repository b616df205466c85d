-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'notifications'
CREATE TABLE `notifications` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `kind` VARCHAR(16) NOT NULL,
  `from_id` BIGINT NOT NULL,
  `post_id` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `notifications_account_id_id` (`account_id`,`id`),
  KEY `notifications_from_id` (`from_id`),
  KEY `notifications_post_id` (`post_id`),
  CONSTRAINT `notifications_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `notifications_from_id_fk` FOREIGN KEY (`from_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `notifications_post_id_fk` FOREIGN KEY (`post_id`) REFERENCES `posts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
