ALTER TABLE `notification_choices` DROP COLUMN `mail`;
