DROP TABLE `trends`;
