DROP TABLE `lists`;
