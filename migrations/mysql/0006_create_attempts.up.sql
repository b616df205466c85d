-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'attempts'
CREATE TABLE `attempts` (
  `bucket` VARCHAR(120) NOT NULL,
  `window_start` BIGINT NOT NULL,
  `count` INT NOT NULL,
  PRIMARY KEY (`bucket`,`window_start`),
  KEY `attempts_window_start` (`window_start`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
