-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'one_time_links'
CREATE TABLE `one_time_links` (
  `hash` VARCHAR(64) NOT NULL,
  `kind` VARCHAR(16) NOT NULL,
  `account_id` BIGINT NULL,
  `role` VARCHAR(16) NOT NULL DEFAULT '',
  `created_at` BIGINT NOT NULL,
  `expires_at` BIGINT NOT NULL,
  `used_at` BIGINT NULL,
  PRIMARY KEY (`hash`),
  KEY `one_time_links_account_id` (`account_id`),
  KEY `one_time_links_expires_at` (`expires_at`),
  CONSTRAINT `one_time_links_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
