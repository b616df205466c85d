package store

import (
	"context"
	"maps"
	"slices"
)

// Keyset bounds a list that is ordered by the ids of its rows. At most one of the bounds is set; 0 is none.
// MinID asks for the rows just above it, the other two for the newest.
type Keyset struct {
	MaxID, MinID, SinceID int64
	Limit                 int
}

// clause gives the condition on the column (with its argument) and the order. Rows read with MinID come oldest
// first and are turned by the caller.
func (k Keyset) clause(column string) (where string, args []any, order string) {
	where, order = "1 = 1", " ORDER BY "+column+" DESC LIMIT ?"
	switch {
	case k.MinID > 0:
		where, args, order = column+" > ?", []any{k.MinID}, " ORDER BY "+column+" LIMIT ?"
	case k.MaxID > 0:
		where, args = column+" < ?", []any{k.MaxID}
	case k.SinceID > 0:
		where, args = column+" > ?", []any{k.SinceID}
	}
	return where, args, order
}

// AccountRow is an account in a list; RowID is the id by which the list is ordered and continued.
type AccountRow struct {
	RowID   int64
	Account `gorm:"embedded"`
}

// AddFollow inserts the follow; the counters are CountFollows' business. ErrConflict if it exists.
func (s *Store) AddFollow(ctx context.Context, f Follow) error {
	return translate(s.write(ctx).Create(&f).Error)
}

// DeleteFollow tells whether there was one.
func (s *Store) DeleteFollow(ctx context.Context, followerID, followeeID int64) (bool, error) {
	return s.deletePair(ctx, "follows", followerID, followeeID)
}

// AddFollowRequest inserts the request under a new id. ErrConflict if it exists.
func (s *Store) AddFollowRequest(ctx context.Context, r FollowRequest) error {
	_, err := s.insertFresh(func(id int64) error {
		r.ID = id
		return s.write(ctx).Create(&r).Error
	})
	return err
}

// DeleteFollowRequest tells whether there was one.
func (s *Store) DeleteFollowRequest(ctx context.Context, followerID, followeeID int64) (bool, error) {
	return s.deletePair(ctx, "follow_requests", followerID, followeeID)
}

// deletePair looks the row up first and deletes it by its primary key: on MySQL a DELETE that finds nothing would
// lock the gap where the row is not, and two of them that insert there afterwards deadlock.
func (s *Store) deletePair(ctx context.Context, table string, followerID, followeeID int64) (bool, error) {
	var ids []int64
	err := s.write(ctx).Raw("SELECT id FROM "+table+" WHERE follower_id = ? AND followee_id = ?", followerID, followeeID).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return false, translate(err)
	}
	res := s.write(ctx).Exec("DELETE FROM "+table+" WHERE id = ?", ids[0])
	return res.RowsAffected > 0, translate(res.Error)
}

// FollowRequestsBy counts the requests that the account waits for.
func (s *Store) FollowRequestsBy(ctx context.Context, followerID int64) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM follow_requests WHERE follower_id = ?", followerID).Scan(&n).Error
	return n, translate(err)
}

// FollowRequestsTo counts the requests that wait for the account's answer, as FollowRequests lists them.
func (s *Store) FollowRequestsTo(ctx context.Context, accountID int64) (int, error) {
	var n int
	visible, args := listedAccount("a", accountID)
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM follow_requests r JOIN accounts a ON a.id = r.follower_id WHERE r.followee_id = ? AND "+visible,
		append([]any{accountID}, args...)...).Scan(&n).Error
	return n, translate(err)
}

// FollowDelta is what to add to an account's follow counters.
type FollowDelta struct{ Followers, Following int }

// CountFollows adds to the counters, in ascending order of the accounts' ids. Call it last in a transaction.
func (s *Store) CountFollows(ctx context.Context, deltas map[int64]FollowDelta) error {
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

// FollowersOf lists who follows the account, newest first: active accounts that the viewer (0 for a visitor) and
// who do not block each other.
func (s *Store) FollowersOf(ctx context.Context, accountID, viewerID int64, k Keyset) ([]AccountRow, error) {
	return s.accountRows(ctx, "follows", "follower_id", "followee_id", accountID, viewerID, k)
}

// FollowedBy lists whom the account follows, otherwise like FollowersOf.
func (s *Store) FollowedBy(ctx context.Context, accountID, viewerID int64, k Keyset) ([]AccountRow, error) {
	return s.accountRows(ctx, "follows", "followee_id", "follower_id", accountID, viewerID, k)
}

// FollowRequests lists who waits for the account's approval, newest first.
func (s *Store) FollowRequests(ctx context.Context, accountID int64, k Keyset) ([]AccountRow, error) {
	return s.accountRows(ctx, "follow_requests", "follower_id", "followee_id", accountID, accountID, k)
}

// accountRows lists the accounts of one column of a table of pairs by the other.
func (s *Store) accountRows(ctx context.Context, table, listed, by string, accountID, viewerID int64, k Keyset) ([]AccountRow, error) {
	visible, vargs := listedAccount("a", viewerID)
	where, args, order := k.clause("r.id")
	args = append(append(append([]any{accountID}, args...), vargs...), k.Limit)
	var rows []AccountRow
	err := s.read(ctx).Raw("SELECT r.id AS row_id, a.* FROM "+table+" r JOIN accounts a ON a.id = r."+listed+
		" WHERE r."+by+" = ? AND "+where+" AND "+visible+order, args...).Scan(&rows).Error
	if err != nil {
		return nil, translate(err)
	}
	if k.MinID > 0 {
		slices.Reverse(rows)
	}
	return rows, nil
}

// listedAccount is the condition under which an account shows in lists that the viewer reads.
func listedAccount(alias string, viewerID int64) (string, []any) {
	active := alias + ".suspended_at IS NULL AND " + alias + ".deleted_at IS NULL"
	if viewerID == 0 {
		return active, nil
	}
	return active + " AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account_id = ? AND b.target_id = " + alias + ".id)" +
		" AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.target_id = ? AND b.account_id = " + alias + ".id)", []any{viewerID, viewerID}
}
