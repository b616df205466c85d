-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'imports'
CREATE TABLE `imports` (
  `account_id` BIGINT NOT NULL,
  `id` BIGINT NOT NULL,
  `state` VARCHAR(16) NOT NULL,
  `files` MEDIUMTEXT NOT NULL,
  `received` BIGINT NOT NULL DEFAULT 0,
  `found` MEDIUMTEXT NOT NULL,
  `visibility` VARCHAR(16) NOT NULL DEFAULT '',
  `next` BIGINT NOT NULL DEFAULT 0,
  `report` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  `updated_at` BIGINT NOT NULL,
  `expires_at` BIGINT NOT NULL,
  PRIMARY KEY (`account_id`),
  KEY `imports_expires_at` (`expires_at`),
  CONSTRAINT `imports_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
