-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'access_tokens'
CREATE TABLE `access_tokens` (
  `id` BIGINT NOT NULL,
  `hash` VARCHAR(64) NOT NULL,
  `account_id` BIGINT NULL,
  `app_id` BIGINT NOT NULL,
  `scopes` VARCHAR(1000) NOT NULL,
  `created_at` BIGINT NOT NULL,
  `used_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `access_tokens_hash_unique` (`hash`),
  KEY `access_tokens_account_id` (`account_id`),
  KEY `access_tokens_app_id` (`app_id`),
  CONSTRAINT `access_tokens_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `access_tokens_app_id_fk` FOREIGN KEY (`app_id`) REFERENCES `apps` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
