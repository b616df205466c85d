-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'bookmarks'
CREATE TABLE `bookmarks` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `post_id` BIGINT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `bookmarks_account_id_post_id_unique` (`account_id`,`post_id`),
  KEY `bookmarks_post_id_id` (`post_id`,`id`),
  KEY `bookmarks_account_id_id` (`account_id`,`id`),
  CONSTRAINT `bookmarks_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `bookmarks_post_id_fk` FOREIGN KEY (`post_id`) REFERENCES `posts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
