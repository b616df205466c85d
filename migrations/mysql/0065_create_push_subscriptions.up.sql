-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'push_subscriptions'
CREATE TABLE `push_subscriptions` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `token_id` BIGINT NULL,
  `session_hash` VARCHAR(64) NULL,
  `session_epoch` INT NOT NULL,
  `device` VARCHAR(255) NOT NULL,
  `endpoint` TEXT NOT NULL,
  `endpoint_hash` VARCHAR(64) NOT NULL,
  `p256dh` VARCHAR(100) NOT NULL,
  `secrets` VARCHAR(500) NOT NULL,
  `standard` TINYINT(1) NOT NULL,
  `alerts` VARCHAR(500) NOT NULL,
  `policy` VARCHAR(20) NOT NULL,
  `failing_since` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `push_subscriptions_token_id_unique` (`token_id`),
  UNIQUE KEY `push_subscriptions_session_hash_unique` (`session_hash`),
  KEY `push_subscriptions_account_id_id` (`account_id`,`id`),
  KEY `push_subscriptions_endpoint_hash` (`endpoint_hash`),
  CONSTRAINT `push_subscriptions_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
