-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'replication_clock'
CREATE TABLE `replication_clock` (
  `id` BIGINT NOT NULL,
  `version` BIGINT NOT NULL,
  `holder` VARCHAR(64) NOT NULL,
  `lease_until` BIGINT NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
