DROP INDEX follows_followee_id_notify;
ALTER TABLE follows DROP COLUMN notify;
