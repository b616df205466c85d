-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'member_mail'
CREATE TABLE `member_mail` (
  `account_id` BIGINT NOT NULL,
  `digest_at` BIGINT NULL,
  `notices_after` BIGINT NOT NULL DEFAULT 0,
  `notices_at` BIGINT NULL,
  `noticed_at` BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (`account_id`),
  KEY `member_mail_digest_at_idx` (`digest_at`),
  KEY `member_mail_notices_at_idx` (`notices_at`),
  CONSTRAINT `member_mail_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
