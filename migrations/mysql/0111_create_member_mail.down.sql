DROP TABLE `member_mail`;
