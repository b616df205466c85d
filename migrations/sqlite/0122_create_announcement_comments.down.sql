DROP TABLE announcement_comments;
