-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'accounts_invitation_id'
ALTER TABLE accounts ADD COLUMN invitation_id INTEGER NULL;
ALTER TABLE accounts ADD COLUMN waiting_at INTEGER NULL;
ALTER TABLE accounts ADD COLUMN join_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX accounts_waiting_at ON accounts (waiting_at) WHERE waiting_at IS NOT NULL;
CREATE INDEX accounts_invitation_id ON accounts (invitation_id) WHERE invitation_id IS NOT NULL;
