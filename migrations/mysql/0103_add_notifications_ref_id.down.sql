ALTER TABLE `notifications` DROP COLUMN `ref_id`;
