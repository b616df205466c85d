DROP TABLE `mutes`;
