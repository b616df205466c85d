ALTER TABLE follow_requests DROP COLUMN notify;
