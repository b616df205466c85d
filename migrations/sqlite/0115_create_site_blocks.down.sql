DROP TABLE site_blocks;
