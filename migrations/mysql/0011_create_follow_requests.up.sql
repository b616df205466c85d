-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'follow_requests'
CREATE TABLE `follow_requests` (
  `id` BIGINT NOT NULL,
  `follower_id` BIGINT NOT NULL,
  `followee_id` BIGINT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `follow_requests_follower_id_followee_id_unique` (`follower_id`,`followee_id`),
  KEY `follow_requests_followee_id_id` (`followee_id`,`id`),
  CONSTRAINT `follow_requests_follower_id_fk` FOREIGN KEY (`follower_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `follow_requests_followee_id_fk` FOREIGN KEY (`followee_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
