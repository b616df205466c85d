-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'site_blocks'
CREATE TABLE `site_blocks` (
  `id` BIGINT NOT NULL,
  `kind` VARCHAR(16) NOT NULL,
  `value` VARCHAR(255) NOT NULL,
  `note` VARCHAR(200) NOT NULL,
  `creator_id` BIGINT NULL,
  `creator` VARCHAR(30) NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `site_blocks_kind_value` (`kind`,`value`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
