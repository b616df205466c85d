-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'factors'
CREATE TABLE `factors` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `kind` VARCHAR(20) NOT NULL,
  `name` VARCHAR(60) NOT NULL,
  `secret` TEXT NOT NULL,
  `credential_hash` VARCHAR(64) NULL,
  `last_step` BIGINT NOT NULL DEFAULT 0,
  `used_at` BIGINT NOT NULL DEFAULT 0,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `factors_credential_hash` (`credential_hash`),
  KEY `factors_account_id_id` (`account_id`,`id`),
  CONSTRAINT `factors_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
