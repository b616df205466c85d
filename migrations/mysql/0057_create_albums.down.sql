DROP TABLE `albums`;
