-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'measures'
CREATE TABLE `measures` (
  `at` BIGINT NOT NULL,
  `instance` BIGINT NOT NULL,
  `host` VARCHAR(300) NOT NULL,
  `facts` TEXT NOT NULL,
  `figures` TEXT NOT NULL,
  PRIMARY KEY (`at`, `instance`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
