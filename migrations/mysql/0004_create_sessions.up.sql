-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'sessions'
CREATE TABLE `sessions` (
  `account_id` BIGINT NOT NULL,
  `hash` VARCHAR(64) NOT NULL,
  `epoch` INT NOT NULL,
  `data` MEDIUMBLOB NOT NULL,
  `user_agent` VARCHAR(255) NOT NULL DEFAULT '',
  `address` VARCHAR(64) NOT NULL DEFAULT '',
  `created_at` BIGINT NOT NULL,
  `used_at` BIGINT NOT NULL,
  `expires_at` BIGINT NOT NULL,
  PRIMARY KEY (`account_id`,`hash`),
  KEY `sessions_expires_at` (`expires_at`),
  CONSTRAINT `sessions_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
