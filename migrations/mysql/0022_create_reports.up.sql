-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'reports'
CREATE TABLE `reports` (
  `id` BIGINT NOT NULL,
  `reporter_id` BIGINT NULL,
  `target_id` BIGINT NOT NULL,
  `post_id` BIGINT NULL,
  `comment` MEDIUMTEXT NOT NULL,
  `excerpt` MEDIUMTEXT NOT NULL,
  `state` VARCHAR(8) NOT NULL,
  `closed_by_id` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  `closed_at` BIGINT NULL,
  PRIMARY KEY (`id`),
  KEY `reports_state_id` (`state`,`id`),
  KEY `reports_target_id` (`target_id`),
  KEY `reports_reporter_id` (`reporter_id`),
  KEY `reports_post_id` (`post_id`),
  CONSTRAINT `reports_reporter_id_fk` FOREIGN KEY (`reporter_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `reports_target_id_fk` FOREIGN KEY (`target_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
