DROP TABLE `exports`;
