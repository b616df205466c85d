-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'notification_choices'
CREATE TABLE `notification_choices` (
  `account_id` BIGINT NOT NULL,
  `kind` VARCHAR(20) NOT NULL,
  `page` TINYINT(1) NOT NULL,
  `push` TINYINT(1) NOT NULL,
  PRIMARY KEY (`account_id`,`kind`),
  CONSTRAINT `notification_choices_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
