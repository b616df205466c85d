-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'decisions'
CREATE TABLE `decisions` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `kind` VARCHAR(16) NOT NULL,
  `by_id` BIGINT NULL,
  `report_id` BIGINT NULL,
  `post_id` BIGINT NULL,
  `words` MEDIUMTEXT NOT NULL,
  `excerpt` MEDIUMTEXT NOT NULL,
  `ends_at` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  `undone_at` BIGINT NULL,
  `appeal` MEDIUMTEXT NOT NULL,
  `appealed_at` BIGINT NULL,
  `answer` VARCHAR(16) NOT NULL,
  `answer_words` MEDIUMTEXT NOT NULL,
  `answered_by_id` BIGINT NULL,
  `answered_at` BIGINT NULL,
  PRIMARY KEY (`id`),
  KEY `decisions_account_id_id` (`account_id`,`id`),
  KEY `decisions_answer_id` (`answer`,`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
