-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'exports'
CREATE TABLE `exports` (
  `account_id` BIGINT NOT NULL,
  `id` BIGINT NOT NULL,
  `state` VARCHAR(16) NOT NULL,
  `parts` MEDIUMTEXT NOT NULL,
  `last_photo_id` BIGINT NOT NULL DEFAULT 0,
  `photos` BIGINT NOT NULL DEFAULT 0,
  `progress` BIGINT NOT NULL DEFAULT 0,
  `total` BIGINT NOT NULL DEFAULT 0,
  `missing` BIGINT NOT NULL DEFAULT 0,
  `created_at` BIGINT NOT NULL,
  `finished_at` BIGINT NULL,
  `expires_at` BIGINT NOT NULL,
  PRIMARY KEY (`account_id`),
  KEY `exports_expires_at` (`expires_at`),
  CONSTRAINT `exports_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
