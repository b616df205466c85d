-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'invitations'
CREATE TABLE `invitations` (
  `id` BIGINT NOT NULL,
  `note` VARCHAR(200) NOT NULL,
  `role` VARCHAR(16) NOT NULL,
  `email` VARCHAR(255) NOT NULL,
  `max_uses` INT NOT NULL,
  `uses` INT NOT NULL,
  `creator_id` BIGINT NULL,
  `creator` VARCHAR(30) NOT NULL,
  `expires_at` BIGINT NOT NULL,
  `ended_at` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
