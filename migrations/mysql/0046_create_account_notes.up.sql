-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'account_notes'
CREATE TABLE `account_notes` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `target_id` BIGINT NOT NULL,
  `note` TEXT NOT NULL,
  `updated_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `account_notes_account_id_target_id_unique` (`account_id`,`target_id`),
  KEY `account_notes_target_id_account_id` (`target_id`,`account_id`),
  CONSTRAINT `account_notes_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `account_notes_target_id_fk` FOREIGN KEY (`target_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
