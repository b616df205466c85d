-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'events'
CREATE TABLE `events` (
  `id` BIGINT NOT NULL,
  `at` BIGINT NOT NULL,
  `kind` VARCHAR(32) NOT NULL,
  `account_id` BIGINT NOT NULL DEFAULT 0,
  `ref_id` BIGINT NOT NULL DEFAULT 0,
  `payload` MEDIUMTEXT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `events_at` (`at`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
