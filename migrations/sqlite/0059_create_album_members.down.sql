DROP TABLE album_members;
