-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'search_posts'
CREATE TABLE `search_posts` (
  `post_id` BIGINT NOT NULL,
  `scope` BIGINT NOT NULL,
  `words` MEDIUMTEXT NOT NULL,
  PRIMARY KEY (`post_id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
