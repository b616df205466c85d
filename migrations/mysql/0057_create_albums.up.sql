-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'albums'
CREATE TABLE `albums` (
  `id` BIGINT NOT NULL,
  `owner_id` BIGINT NOT NULL,
  `title` VARCHAR(100) NOT NULL,
  `description` MEDIUMTEXT NOT NULL,
  `visibility` VARCHAR(16) NOT NULL,
  `adders` VARCHAR(8) NOT NULL,
  `ordering` VARCHAR(8) NOT NULL,
  `cover_photo_id` BIGINT NULL,
  `ends_at` BIGINT NULL,
  `created_at` BIGINT NOT NULL,
  `updated_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `albums_owner_id_id` (`owner_id`,`id`),
  KEY `albums_visibility_id` (`visibility`,`id`),
  KEY `albums_adders_id` (`adders`,`id`),
  CONSTRAINT `albums_owner_id_fk` FOREIGN KEY (`owner_id`) REFERENCES `accounts` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
