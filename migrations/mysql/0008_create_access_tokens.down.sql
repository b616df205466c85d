-- done: SELECT COUNT(*) = 0 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'access_tokens'
DROP TABLE `access_tokens`;
