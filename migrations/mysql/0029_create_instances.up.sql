-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'instances'
CREATE TABLE `instances` (
  `id` BIGINT NOT NULL,
  `host` VARCHAR(300) NOT NULL,
  `program` VARCHAR(100) NOT NULL,
  `roles` VARCHAR(50) NOT NULL,
  `started_at` BIGINT NOT NULL,
  `seen_at` BIGINT NOT NULL,
  `every_ms` BIGINT NOT NULL,
  `facts` TEXT NOT NULL,
  `generation` BIGINT NOT NULL DEFAULT 0,
  `watch` BIGINT NOT NULL DEFAULT 0,
  `hold` BIGINT NOT NULL DEFAULT 0,
  `parts` TEXT NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
