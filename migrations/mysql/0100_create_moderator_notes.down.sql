DROP TABLE `moderator_notes`;
