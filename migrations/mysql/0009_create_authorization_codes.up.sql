-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'authorization_codes'
CREATE TABLE `authorization_codes` (
  `hash` VARCHAR(64) NOT NULL,
  `app_id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `redirect_uri` VARCHAR(2000) NOT NULL,
  `scopes` VARCHAR(1000) NOT NULL,
  `code_challenge` VARCHAR(128) NOT NULL DEFAULT '',
  `token_id` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  `expires_at` BIGINT NOT NULL,
  PRIMARY KEY (`hash`),
  KEY `authorization_codes_app_id` (`app_id`),
  KEY `authorization_codes_account_id` (`account_id`),
  KEY `authorization_codes_expires_at` (`expires_at`),
  CONSTRAINT `authorization_codes_app_id_fk` FOREIGN KEY (`app_id`) REFERENCES `apps` (`id`),
  CONSTRAINT `authorization_codes_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
