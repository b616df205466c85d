DROP TABLE `blocks`;
