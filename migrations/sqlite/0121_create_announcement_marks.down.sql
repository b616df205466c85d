DROP TABLE announcement_marks;
