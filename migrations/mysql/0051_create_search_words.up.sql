-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'search_words'
CREATE TABLE `search_words` (
  `scope` BIGINT NOT NULL,
  `word` VARCHAR(101) NOT NULL,
  `post_id` BIGINT NOT NULL,
  `fields` TINYINT NOT NULL,
  PRIMARY KEY (`scope`,`word`,`post_id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
