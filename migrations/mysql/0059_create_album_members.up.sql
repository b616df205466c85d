-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'album_members'
CREATE TABLE `album_members` (
  `id` BIGINT NOT NULL,
  `album_id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `album_members_album_id_account_id_unique` (`album_id`,`account_id`),
  KEY `album_members_account_id_album_id` (`account_id`,`album_id`),
  CONSTRAINT `album_members_album_id_fk` FOREIGN KEY (`album_id`) REFERENCES `albums` (`id`),
  CONSTRAINT `album_members_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
