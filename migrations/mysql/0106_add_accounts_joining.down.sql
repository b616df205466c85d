ALTER TABLE `accounts` DROP KEY `accounts_invitation_id`, DROP KEY `accounts_waiting_at`, DROP COLUMN `join_reason`, DROP COLUMN `waiting_at`, DROP COLUMN `invitation_id`;
