-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'lists'
CREATE TABLE `lists` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `title` VARCHAR(200) NOT NULL,
  `replies_policy` VARCHAR(16) NOT NULL,
  `exclusive` TINYINT(1) NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `lists_account_id_id` (`account_id`,`id`),
  CONSTRAINT `lists_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
