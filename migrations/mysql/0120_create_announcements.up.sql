-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'announcements'
CREATE TABLE `announcements` (
  `id` BIGINT NOT NULL,
  `text` MEDIUMTEXT NOT NULL,
  `starts_at` BIGINT NULL,
  `ends_at` BIGINT NULL,
  `all_day` TINYINT(1) NOT NULL,
  `publish_at` BIGINT NOT NULL,
  `ended_at` BIGINT NULL,
  `deleted_at` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  `updated_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
