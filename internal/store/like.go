package store

import "context"

// AddLike writes a like under id. The transaction has locked the post, and found that the account does not like it yet.
func (s *conn) AddLike(ctx context.Context, id, accountID, postID int64, at Millis) error {
	return translate(s.write(ctx).Exec("INSERT INTO likes (id, account_id, post_id, created_at) VALUES (?, ?, ?, ?)", id, accountID, postID, at).Error)
}

// RemoveLike reports whether there was one.
func (s *conn) RemoveLike(ctx context.Context, accountID, postID int64) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM likes WHERE account_id = ? AND post_id = ?", accountID, postID)
	return res.RowsAffected > 0, translate(res.Error)
}

// LikedBy returns the accounts that like the post and that the viewer may see, the newest like first, as pairs of the
// like's id and the account's.
func (s *conn) LikedBy(ctx context.Context, viewer *Account, postID int64, r Range) ([]RowAccount, error) {
	return s.markedBy(ctx, "likes", viewer, postID, r)
}

// markedBy lists the accounts in a table of marks on posts, by the post.
func (s *conn) markedBy(ctx context.Context, table string, viewer *Account, postID int64, r Range) ([]RowAccount, error) {
	c := accountSeen(viewer, "a")
	args := append([]any{postID, r.max(), r.Min}, c.args...)
	rows, err := s.query(ctx, "SELECT l.id, l.account_id FROM "+table+" l"+s.dialect.useIndex(table+"_post_id_id")+" "+s.dialect.orderedJoin()+" accounts a ON a.id = l.account_id"+
		" WHERE l.post_id = ? AND l.id < ? AND l.id > ? AND "+c.sql+" ORDER BY l.id"+r.order()+" LIMIT ?", append(args, r.Limit)...)
	if err != nil {
		return nil, err
	}
	var out []RowAccount
	for rows.next() {
		out = append(out, RowAccount{rows.int(), rows.int()})
	}
	return newestFirst(out, r), rows.done()
}

// RowAccount is an account in a list that is ordered by the ids of other rows.
type RowAccount struct{ RowID, AccountID int64 }

// RowPost is a post in a list that is ordered by the ids of other rows.
type RowPost struct{ RowID, PostID int64 }

// LikedPosts returns the posts and comments that the account likes and may still see, the newest like first, as pairs
// of the like's id and the post's.
func (s *conn) LikedPosts(ctx context.Context, acc *Account, r Range) ([]RowPost, error) {
	return s.markedPosts(ctx, "likes", acc, r)
}

// markedPosts are the posts and comments of a table of the account's that the account may still see, the newest row
// first.
func (s *conn) markedPosts(ctx context.Context, table string, acc *Account, r Range) ([]RowPost, error) {
	c := postSeen(acc)
	args := append([]any{acc.ID, r.max(), r.Min}, c.args...)
	join := s.dialect.orderedJoin()
	rows, err := s.query(ctx, "SELECT l.id, l.post_id FROM "+table+" l "+join+" posts p ON p.id = l.post_id "+join+" accounts a ON a.id = p.author_id"+
		" WHERE l.account_id = ? AND l.id < ? AND l.id > ? AND "+c.sql+" ORDER BY l.id"+r.order()+" LIMIT ?", append(args, r.Limit)...)
	if err != nil {
		return nil, err
	}
	var out []RowPost
	for rows.next() {
		out = append(out, RowPost{rows.int(), rows.int()})
	}
	return newestFirst(out, r), rows.done()
}
