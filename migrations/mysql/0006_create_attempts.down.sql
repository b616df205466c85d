DROP TABLE `attempts`;
