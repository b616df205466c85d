-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'apps'
CREATE TABLE `apps` (
  `id` BIGINT NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `website` VARCHAR(2000) NOT NULL DEFAULT '',
  `redirect_uris` MEDIUMTEXT NOT NULL,
  `scopes` VARCHAR(1000) NOT NULL,
  `client_id` VARCHAR(64) NOT NULL,
  `client_secret_hash` VARCHAR(64) NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `apps_client_id_unique` (`client_id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
