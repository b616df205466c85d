-- done: SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'photos' AND index_name = 'photos_account_id_sha256'
CREATE INDEX `photos_account_id_sha256` ON `photos` (`account_id`, `sha256`);
