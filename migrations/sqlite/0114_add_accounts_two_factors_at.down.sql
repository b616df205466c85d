ALTER TABLE accounts DROP COLUMN two_factors_at;
