DROP TABLE `notifications`;
