DROP TABLE `pins`;
