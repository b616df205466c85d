DROP TABLE `imports`;
