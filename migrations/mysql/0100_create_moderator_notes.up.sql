-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'moderator_notes'
CREATE TABLE `moderator_notes` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `author_id` BIGINT NOT NULL,
  `words` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `moderator_notes_account_id_id` (`account_id`,`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
