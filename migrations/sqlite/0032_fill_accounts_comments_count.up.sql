-- done: SELECT COUNT(*) = 0 FROM accounts WHERE comments_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = accounts.id AND p.home = 0 AND p.kind = 'comment' AND p.deleted_at IS NULL)
UPDATE accounts SET
  comments_count = (SELECT COUNT(*) FROM posts p WHERE p.author_id = accounts.id AND p.home = 0 AND p.kind = 'comment' AND p.deleted_at IS NULL),
  open_comments_count = (SELECT COUNT(*) FROM posts p WHERE p.author_id = accounts.id AND p.home = 0 AND p.kind = 'comment' AND p.deleted_at IS NULL AND p.visibility <> 'followers')
WHERE id IN (SELECT author_id FROM posts WHERE kind = 'comment');
