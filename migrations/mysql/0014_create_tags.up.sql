-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'tags'
CREATE TABLE `tags` (
  `id` BIGINT NOT NULL,
  `name` VARCHAR(100) NOT NULL,
  `name_key` VARCHAR(100) NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `tags_name_key_unique` (`name_key`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
