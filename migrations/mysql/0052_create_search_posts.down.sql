DROP TABLE `search_posts`;
