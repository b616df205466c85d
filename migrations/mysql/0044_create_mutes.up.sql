-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'mutes'
CREATE TABLE `mutes` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `target_id` BIGINT NOT NULL,
  `notifications` TINYINT(1) NOT NULL,
  `ends_at` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `mutes_account_id_target_id_unique` (`account_id`,`target_id`),
  KEY `mutes_account_id_id` (`account_id`,`id`),
  KEY `mutes_target_id_account_id` (`target_id`,`account_id`),
  CONSTRAINT `mutes_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `mutes_target_id_fk` FOREIGN KEY (`target_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
