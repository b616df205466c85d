DROP TABLE `moves`;
