-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'retired_usernames'
CREATE TABLE `retired_usernames` (
  `username_key` VARCHAR(30) NOT NULL,
  `retired_at` BIGINT NOT NULL,
  PRIMARY KEY (`username_key`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
