DROP TABLE `apps`;
