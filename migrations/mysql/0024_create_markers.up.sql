-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'markers'
CREATE TABLE `markers` (
  `account_id` BIGINT NOT NULL,
  `timeline` VARCHAR(20) NOT NULL,
  `last_read_id` BIGINT NOT NULL,
  `version` INT NOT NULL,
  `updated_at` BIGINT NOT NULL,
  PRIMARY KEY (`account_id`,`timeline`),
  CONSTRAINT `markers_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
