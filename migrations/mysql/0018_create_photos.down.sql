DROP TABLE `photos`;
