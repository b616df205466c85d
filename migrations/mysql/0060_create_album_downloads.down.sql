DROP TABLE `album_downloads`;
