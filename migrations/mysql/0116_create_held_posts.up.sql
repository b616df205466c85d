-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'held_posts'
CREATE TABLE `held_posts` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `state` VARCHAR(16) NOT NULL,
  `reasons` VARCHAR(500) NOT NULL,
  `payload` MEDIUMTEXT NOT NULL,
  `post_id` BIGINT NULL,
  `words` VARCHAR(2000) NOT NULL,
  `decided_by_id` BIGINT NULL,
  `decided_at` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `held_posts_state_id` (`state`,`id`),
  KEY `held_posts_account_id_id` (`account_id`,`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
