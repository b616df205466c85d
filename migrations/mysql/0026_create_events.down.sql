DROP TABLE `events`;
