DROP TABLE `decisions`;
