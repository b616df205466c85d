DROP TABLE `announcements`;
