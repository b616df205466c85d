package store

import (
	"context"
	"maps"
	"slices"
)

// AddFollow inserts the follow. CountFollows updates the counters. It returns ErrConflict if the follow exists.
func (s *conn) AddFollow(ctx context.Context, f Follow) error {
	return translate(s.write(ctx).Create(&f).Error)
}

// SetFollowOptions changes whether the followee's boosts are shown to the follower, and whether its posts are told. It changes a
// request as well.
func (s *conn) SetFollowOptions(ctx context.Context, followerID, followeeID int64, hideBoosts, notify bool) error {
	for _, table := range []string{"follows", "follow_requests"} {
		err := s.write(ctx).Exec("UPDATE "+table+" SET hide_boosts = ?, notify = ? WHERE follower_id = ? AND followee_id = ?", hideBoosts, notify, followerID, followeeID).Error
		if err != nil {
			return translate(err)
		}
	}
	return nil
}

// DeleteFollow reports whether there was one. It takes the followee out of the follower's lists, too.
func (s *conn) DeleteFollow(ctx context.Context, followerID, followeeID int64) (bool, error) {
	members, err := s.idList(ctx, "SELECT m.id FROM list_members m WHERE m.follower_id = ? AND m.followee_id = ?", followerID, followeeID)
	if err != nil {
		return false, err
	}
	if err := s.deleteListMembers(ctx, members); err != nil {
		return false, err
	}
	return s.deletePair(ctx, "follows", followerID, followeeID)
}

// AddFollowRequest inserts the request under a new id. It returns ErrConflict if it exists.
func (s *conn) AddFollowRequest(ctx context.Context, r FollowRequest) error {
	_, err := s.insertFresh(func(id int64) error {
		r.ID = id
		return s.write(ctx).Create(&r).Error
	})
	return err
}

// DeleteFollowRequest reports whether there was one.
func (s *conn) DeleteFollowRequest(ctx context.Context, followerID, followeeID int64) (bool, error) {
	return s.deletePair(ctx, "follow_requests", followerID, followeeID)
}

// deletePair finds the row first and deletes it by its primary key. On MySQL a DELETE that finds nothing locks the gap
// of the missing row, and two transactions that then insert there deadlock.
func (s *conn) deletePair(ctx context.Context, table string, followerID, followeeID int64) (bool, error) {
	var ids []int64
	err := s.write(ctx).Raw("SELECT id FROM "+table+" WHERE follower_id = ? AND followee_id = ?", followerID, followeeID).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return false, translate(err)
	}
	res := s.write(ctx).Exec("DELETE FROM "+table+" WHERE id = ?", ids[0])
	return res.RowsAffected > 0, translate(res.Error)
}

// ToldOfPost are the followers of its author who want to be notified of each post, at most limit above after, in order. Whom the
// post mentions is told of that.
func (s *conn) ToldOfPost(ctx context.Context, p *Post, after int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT f.follower_id FROM follows f WHERE f.followee_id = ? AND f.notify = 1 AND f.follower_id > ?"+
		" AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = ? AND m.account_id = f.follower_id) ORDER BY f.follower_id LIMIT ?", p.AuthorID, after, p.ID, limit)
}

// FollowRequestsBy counts the requests of the account that wait for others.
func (s *conn) FollowRequestsBy(ctx context.Context, followerID int64) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM follow_requests WHERE follower_id = ?", followerID).Scan(&n).Error
	return n, translate(err)
}

// FollowRequestsTo counts the requests that wait for the account, as FollowRequests lists them.
func (s *conn) FollowRequestsTo(ctx context.Context, account *Account) (int, error) {
	var n int
	seen := accountSeen(account, "a")
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM follow_requests t JOIN accounts a ON a.id = t.follower_id WHERE t.followee_id = ? AND "+seen.sql,
		append([]any{account.ID}, seen.args...)...).Scan(&n).Error
	return n, translate(err)
}

// FollowDelta is added to an account's follow counters.
type FollowDelta struct{ Followers, Following int }

// CountFollows adds to the counters, in ascending order of the accounts' ids. Call it last in a transaction.
func (s *conn) CountFollows(ctx context.Context, deltas map[int64]FollowDelta) error {
	for _, id := range slices.Sorted(maps.Keys(deltas)) {
		d := deltas[id]
		if d == (FollowDelta{}) {
			continue
		}
		err := s.write(ctx).Exec("UPDATE accounts SET followers_count = followers_count + ?, following_count = following_count + ? WHERE id = ?",
			d.Followers, d.Following, id).Error
		if err != nil {
			return translate(err)
		}
	}
	return nil
}

// FollowersOf lists the followers of the account that the viewer may see, the newest follow first.
func (s *conn) FollowersOf(ctx context.Context, accountID int64, viewer *Account, r Range) ([]RowAccount, error) {
	return s.rowAccounts(ctx, "follows", "follower_id", "followee_id", accountID, accountSeen(viewer, "a"), r)
}

// FollowedBy lists the accounts that the account follows, otherwise like FollowersOf.
func (s *conn) FollowedBy(ctx context.Context, accountID int64, viewer *Account, r Range) ([]RowAccount, error) {
	return s.rowAccounts(ctx, "follows", "followee_id", "follower_id", accountID, accountSeen(viewer, "a"), r)
}

// FollowRequests lists the accounts that wait for the account's approval, newest first.
func (s *conn) FollowRequests(ctx context.Context, account *Account, r Range) ([]RowAccount, error) {
	return s.rowAccounts(ctx, "follow_requests", "follower_id", "followee_id", account.ID, accountSeen(account, "a"), r)
}

// rowAccounts lists the accounts of one column of a table of pairs by the other.
func (s *conn) rowAccounts(ctx context.Context, table, listed, by string, id int64, seen condition, r Range) ([]RowAccount, error) {
	args := append(append([]any{id, r.max(), r.Min}, seen.args...), r.Limit)
	rows, err := s.query(ctx, "SELECT t.id, a.id FROM "+table+" t "+s.dialect.orderedJoin()+" accounts a ON a.id = t."+listed+
		" WHERE t."+by+" = ? AND t.id < ? AND t.id > ? AND "+seen.sql+" ORDER BY t.id"+r.order()+" LIMIT ?", args...)
	if err != nil {
		return nil, err
	}
	var list []RowAccount
	for rows.next() {
		list = append(list, RowAccount{RowID: rows.int(), AccountID: rows.int()})
	}
	return newestFirst(list, r), rows.done()
}
