-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'trends'
CREATE TABLE `trends` (
  `kind` VARCHAR(8) NOT NULL,
  `position` INT NOT NULL,
  `target_id` BIGINT NOT NULL,
  `cover_id` BIGINT NOT NULL DEFAULT 0,
  `uses` INT NOT NULL,
  `accounts` INT NOT NULL,
  PRIMARY KEY (`kind`,`position`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
