-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'list_members'
CREATE TABLE `list_members` (
  `id` BIGINT NOT NULL,
  `list_id` BIGINT NOT NULL,
  `follower_id` BIGINT NOT NULL,
  `followee_id` BIGINT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `list_members_list_id_followee_id_follower_id_unique` (`list_id`,`followee_id`,`follower_id`),
  KEY `list_members_list_id_id` (`list_id`,`id`),
  KEY `list_members_follower_id_followee_id_list_id` (`follower_id`,`followee_id`,`list_id`),
  KEY `list_members_followee_id_list_id` (`followee_id`,`list_id`),
  CONSTRAINT `list_members_list_id_fk` FOREIGN KEY (`list_id`) REFERENCES `lists` (`id`),
  CONSTRAINT `list_members_follower_id_fk` FOREIGN KEY (`follower_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
