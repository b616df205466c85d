ALTER TABLE accounts DROP COLUMN suspended_until;
ALTER TABLE accounts DROP COLUMN storage_quota;
ALTER TABLE accounts DROP COLUMN limited_at;
