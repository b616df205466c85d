DROP INDEX photos_account_id_sha256;
