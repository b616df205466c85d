-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'announcement_marks'
CREATE TABLE `announcement_marks` (
  `id` BIGINT NOT NULL,
  `announcement_id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `name` VARCHAR(40) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `announcement_marks_key` (`announcement_id`,`name`,`account_id`),
  KEY `announcement_marks_account_id` (`account_id`,`announcement_id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
