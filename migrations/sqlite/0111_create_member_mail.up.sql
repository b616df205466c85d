-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'member_mail'
CREATE TABLE member_mail (
  account_id INTEGER NOT NULL PRIMARY KEY,
  digest_at INTEGER NULL,
  notices_after INTEGER NOT NULL DEFAULT 0,
  notices_at INTEGER NULL,
  noticed_at INTEGER NOT NULL DEFAULT 0,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE INDEX member_mail_digest_at_idx ON member_mail (digest_at);
CREATE INDEX member_mail_notices_at_idx ON member_mail (notices_at);
