-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'recovery_codes'
CREATE TABLE `recovery_codes` (
  `account_id` BIGINT NOT NULL,
  `hash` VARCHAR(64) NOT NULL,
  PRIMARY KEY (`account_id`,`hash`),
  CONSTRAINT `recovery_codes_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
