DROP TABLE `measures`;
