DROP TABLE `instances`;
