DROP TABLE `invitations`;
