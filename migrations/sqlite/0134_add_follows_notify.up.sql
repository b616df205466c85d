-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'follows_followee_id_notify'
ALTER TABLE follows ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;
CREATE INDEX follows_followee_id_notify ON follows (followee_id, follower_id) WHERE notify = 1;
