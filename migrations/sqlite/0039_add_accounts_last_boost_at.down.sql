ALTER TABLE accounts DROP COLUMN last_boost_at;
