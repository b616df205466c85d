-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'admin_log'
CREATE TABLE `admin_log` (
  `id` BIGINT NOT NULL,
  `actor_id` BIGINT NULL,
  `actor` VARCHAR(30) NOT NULL,
  `via` VARCHAR(8) NOT NULL,
  `act` VARCHAR(32) NOT NULL,
  `target_id` BIGINT NULL,
  `target` VARCHAR(30) NOT NULL,
  `ref_id` BIGINT NULL,
  `reason` MEDIUMTEXT NOT NULL,
  `detail` VARCHAR(255) NOT NULL,
  `words` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `admin_log_target_id` (`target_id`,`id`),
  KEY `admin_log_act` (`act`,`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
