DROP TABLE `follow_requests`;
