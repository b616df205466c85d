-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'tag_follows'
CREATE TABLE `tag_follows` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `tag_id` BIGINT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `tag_follows_account_id_tag_id_unique` (`account_id`,`tag_id`),
  KEY `tag_follows_account_id_id` (`account_id`,`id`),
  KEY `tag_follows_tag_id_account_id` (`tag_id`,`account_id`),
  CONSTRAINT `tag_follows_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `tag_follows_tag_id_fk` FOREIGN KEY (`tag_id`) REFERENCES `tags` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
