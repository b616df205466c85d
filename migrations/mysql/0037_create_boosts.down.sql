DROP TABLE `boosts`;
