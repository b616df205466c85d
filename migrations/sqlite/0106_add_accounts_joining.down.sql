DROP INDEX accounts_invitation_id;
DROP INDEX accounts_waiting_at;
ALTER TABLE accounts DROP COLUMN join_reason;
ALTER TABLE accounts DROP COLUMN waiting_at;
ALTER TABLE accounts DROP COLUMN invitation_id;
