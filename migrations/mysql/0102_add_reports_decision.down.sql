ALTER TABLE `reports` DROP COLUMN `decision_id`, DROP COLUMN `decision`, DROP COLUMN `assigned_to_id`, DROP COLUMN `rule`;
