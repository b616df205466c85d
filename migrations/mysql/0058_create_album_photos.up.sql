-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'album_photos'
CREATE TABLE `album_photos` (
  `id` BIGINT NOT NULL,
  `album_id` BIGINT NOT NULL,
  `photo_id` BIGINT NOT NULL,
  `position` INT NOT NULL,
  `originals` TINYINT(1) NOT NULL,
  `created_at` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `album_photos_album_id_photo_id_unique` (`album_id`,`photo_id`),
  KEY `album_photos_album_id_position` (`album_id`,`position`),
  KEY `album_photos_photo_id_id` (`photo_id`,`id`),
  CONSTRAINT `album_photos_album_id_fk` FOREIGN KEY (`album_id`) REFERENCES `albums` (`id`),
  CONSTRAINT `album_photos_photo_id_fk` FOREIGN KEY (`photo_id`) REFERENCES `photos` (`id`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
