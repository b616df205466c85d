-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'post_versions'
CREATE TABLE `post_versions` (
  `id` BIGINT NOT NULL,
  `post_id` BIGINT NOT NULL,
  `caption` MEDIUMTEXT NOT NULL,
  `warning` VARCHAR(500) NOT NULL,
  `sensitive` TINYINT(1) NOT NULL,
  `photos` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `post_versions_post_id_id` (`post_id`,`id`),
  CONSTRAINT `post_versions_post_id_fk` FOREIGN KEY (`post_id`) REFERENCES `posts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
