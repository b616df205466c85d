-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'follows'
CREATE TABLE `follows` (
  `id` BIGINT NOT NULL,
  `follower_id` BIGINT NOT NULL,
  `followee_id` BIGINT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `follows_follower_id_followee_id_unique` (`follower_id`,`followee_id`),
  KEY `follows_follower_id_id` (`follower_id`,`id`),
  KEY `follows_followee_id_id` (`followee_id`,`id`),
  CONSTRAINT `follows_follower_id_fk` FOREIGN KEY (`follower_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `follows_followee_id_fk` FOREIGN KEY (`followee_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
