ALTER TABLE `reports` DROP KEY `reports_comment_id`, DROP COLUMN `comment_id`, DROP COLUMN `announcement_id`;
