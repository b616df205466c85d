-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'idempotency_keys'
CREATE TABLE `idempotency_keys` (
  `account_id` BIGINT NOT NULL,
  `key_hash` VARCHAR(64) NOT NULL,
  `body_hash` VARCHAR(64) NOT NULL,
  `post_id` BIGINT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`account_id`,`key_hash`),
  KEY `idempotency_keys_created_at` (`created_at`),
  CONSTRAINT `idempotency_keys_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
