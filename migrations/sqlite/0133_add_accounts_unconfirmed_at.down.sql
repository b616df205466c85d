DROP INDEX accounts_unconfirmed_at;
ALTER TABLE accounts DROP COLUMN unconfirmed_at;
