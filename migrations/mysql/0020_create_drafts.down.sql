DROP TABLE `drafts`;
