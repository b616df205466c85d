-- done: SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND name = 'photos_account_id_sha256'
CREATE INDEX photos_account_id_sha256 ON photos (account_id, sha256);
