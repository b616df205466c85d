-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'drafts'
CREATE TABLE `drafts` (
  `account_id` BIGINT NOT NULL,
  `caption` MEDIUMTEXT NOT NULL,
  `warning` VARCHAR(500) NOT NULL DEFAULT '',
  `visibility` VARCHAR(16) NOT NULL,
  `licence` VARCHAR(32) NOT NULL,
  `show_exif` TINYINT(1) NOT NULL DEFAULT 1,
  `updated_at` BIGINT NOT NULL,
  PRIMARY KEY (`account_id`),
  CONSTRAINT `drafts_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
