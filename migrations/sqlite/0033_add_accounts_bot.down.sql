ALTER TABLE accounts DROP COLUMN discoverable;
ALTER TABLE accounts DROP COLUMN bot;
