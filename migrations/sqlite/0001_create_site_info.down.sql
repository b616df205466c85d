DROP TABLE site_info;
