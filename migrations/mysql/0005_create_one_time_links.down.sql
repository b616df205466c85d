-- done: SELECT COUNT(*) = 0 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'one_time_links'
DROP TABLE `one_time_links`;
