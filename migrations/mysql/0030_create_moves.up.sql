-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'moves'
CREATE TABLE `moves` (
  `part` VARCHAR(20) NOT NULL,
  `phase` VARCHAR(20) NOT NULL,
  `step` BIGINT NOT NULL,
  `source` VARCHAR(1500) NOT NULL,
  `target` VARCHAR(1500) NOT NULL,
  `epoch` BIGINT NOT NULL,
  `mover` VARCHAR(400) NOT NULL,
  `updated_at` BIGINT NOT NULL,
  `progress` TEXT NOT NULL,
  PRIMARY KEY (`part`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
