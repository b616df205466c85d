DROP TABLE `bookmarks`;
