ALTER TABLE accounts DROP COLUMN leaving_at;
