-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'drafts' AND column_name = 'album_id'
ALTER TABLE `drafts` ADD COLUMN `album_id` BIGINT NOT NULL DEFAULT 0;
