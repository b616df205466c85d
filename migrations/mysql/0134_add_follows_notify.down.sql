ALTER TABLE `follows` DROP KEY `follows_followee_id_notify`, DROP COLUMN `notify`;
