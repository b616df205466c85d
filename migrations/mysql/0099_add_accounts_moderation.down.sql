ALTER TABLE `accounts` DROP COLUMN `suspended_until`, DROP COLUMN `storage_quota`, DROP COLUMN `limited_at`;
