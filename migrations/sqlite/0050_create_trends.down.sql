DROP TABLE trends;
