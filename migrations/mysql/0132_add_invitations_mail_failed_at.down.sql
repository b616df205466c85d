ALTER TABLE `invitations` DROP COLUMN `mail_failed_at`;
