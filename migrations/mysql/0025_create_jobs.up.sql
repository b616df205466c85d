-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'jobs'
CREATE TABLE `jobs` (
  `id` BIGINT NOT NULL,
  `kind` VARCHAR(32) NOT NULL,
  `payload` MEDIUMTEXT NOT NULL,
  `state` VARCHAR(8) NOT NULL,
  `attempts` INT NOT NULL DEFAULT 0,
  `run_at` BIGINT NOT NULL,
  `lease_until` BIGINT NOT NULL DEFAULT 0,
  `lease_token` VARCHAR(32) NOT NULL DEFAULT '',
  `error` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  `finished_at` BIGINT NULL,
  PRIMARY KEY (`id`),
  KEY `jobs_state_run_at` (`state`,`run_at`),
  KEY `jobs_state_finished_at` (`state`,`finished_at`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
