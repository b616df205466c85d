DROP TABLE `factors`;
