-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'album_downloads'
CREATE TABLE `album_downloads` (
  `id` BIGINT NOT NULL,
  `account_id` BIGINT NOT NULL,
  `album_id` BIGINT NOT NULL,
  `state` VARCHAR(8) NOT NULL,
  `originals` TINYINT(1) NOT NULL,
  `done` INT NOT NULL,
  `total` INT NOT NULL,
  `random` VARCHAR(32) NOT NULL,
  `bytes` BIGINT NOT NULL,
  `photos` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  `expires_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `album_downloads_account_id_unique` (`account_id`),
  KEY `album_downloads_album_id_id` (`album_id`,`id`),
  KEY `album_downloads_expires_at_id` (`expires_at`,`id`),
  CONSTRAINT `album_downloads_account_id_fk` FOREIGN KEY (`account_id`) REFERENCES `accounts` (`id`),
  CONSTRAINT `album_downloads_album_id_fk` FOREIGN KEY (`album_id`) REFERENCES `albums` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
