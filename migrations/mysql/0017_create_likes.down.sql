DROP TABLE `likes`;
