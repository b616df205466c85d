-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'account_words'
CREATE TABLE `account_words` (
  `word` VARCHAR(101) NOT NULL,
  `account_id` BIGINT NOT NULL,
  PRIMARY KEY (`word`,`account_id`),
  KEY `account_words_account_id` (`account_id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
