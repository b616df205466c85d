-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'media_objects'
CREATE TABLE `media_objects` (
  `random` VARCHAR(32) NOT NULL,
  `photo_id` BIGINT NOT NULL,
  `kind` VARCHAR(8) NOT NULL,
  `state` VARCHAR(8) NOT NULL,
  `variants` MEDIUMTEXT NOT NULL,
  `created_at` BIGINT NOT NULL,
  `gone_at` BIGINT NULL,
  `removed_at` BIGINT NULL,
  PRIMARY KEY (`random`),
  KEY `media_objects_photo_id` (`photo_id`),
  KEY `media_objects_state_gone_at` (`state`,`gone_at`)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
