package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A Listener is an account with a stream, as one post concerns it.
type Listener struct {
	Follows bool // its author
	Likes   bool
	Hides   bool // wants no warned posts in its feeds, and this is one of another's
}

// listenersAtOnce bounds the accounts that one statement asks about.
const listenersAtOnce = 500

// ListenersTo returns those of the accounts that may see the post or comment, with what it is to them. It takes one
// statement for each 500 accounts.
func (s *Store) ListenersTo(ctx context.Context, postID int64, accountIDs []int64) (map[int64]Listener, error) {
	seen := postSeen(&Account{ID: 1})
	// The arguments of visibility are nothing but the viewer's id: here it is each account's.
	where := strings.ReplaceAll(seen.sql, "?", "v.id")
	out := make(map[int64]Listener, len(accountIDs))
	for some := range slices.Chunk(accountIDs, listenersAtOnce) {
		list, args := in(some)
		rows, err := s.query(ctx, "SELECT v.id, CASE WHEN EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = v.id AND f.followee_id = p.author_id) THEN 1 ELSE 0 END,"+
			" CASE WHEN EXISTS (SELECT 1 FROM likes l WHERE l.account_id = v.id AND l.post_id = p.id) THEN 1 ELSE 0 END,"+
			" CASE WHEN v.warned_photos = 'hide' AND v.id <> p.author_id AND (p.sensitive = 1 OR p.warning <> '') THEN 1 ELSE 0 END"+
			" FROM posts p JOIN accounts a ON a.id = p.author_id JOIN accounts v ON v.id IN "+list+
			" WHERE p.id = ? AND v.suspended_at IS NULL AND v.deleted_at IS NULL AND "+where, append(args, postID)...)
		if err != nil {
			return nil, err
		}
		for rows.next() {
			id := rows.int()
			out[id] = Listener{Follows: rows.bool(), Likes: rows.bool(), Hides: rows.bool()}
		}
		if err := rows.done(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// FollowersAmong returns those of the accounts that follow the author.
func (s *Store) FollowersAmong(ctx context.Context, authorID int64, accountIDs []int64) (map[int64]bool, error) {
	out := make(map[int64]bool)
	for some := range slices.Chunk(accountIDs, listenersAtOnce) {
		list, args := in(some)
		rows, err := s.query(ctx, "SELECT f.follower_id FROM follows f WHERE f.followee_id = ? AND f.follower_id IN "+list, append([]any{authorID}, args...)...)
		if err != nil {
			return nil, err
		}
		for rows.next() {
			out[rows.int()] = true
		}
		if err := rows.done(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// waitPoll is how often WaitForReplicas looks at the replicas' positions.
const waitPoll = 50 * time.Millisecond

// WaitForReplicas returns once every replica in use has all that was committed before the call, so that later reads
// find it, wherever they go. A replica that lags too far is taken out of use, and not waited for.
func (s *Store) WaitForReplicas(ctx context.Context) error {
	if s.cluster == nil {
		return nil
	}
	rows, err := s.query(Primary(ctx), versionQuery)
	if err != nil {
		return err
	}
	var now int64
	if rows.next() {
		now = rows.int()
	}
	if err := rows.done(); err != nil {
		return err
	}
	tick := time.NewTicker(waitPoll)
	defer tick.Stop()
	for {
		list, _ := s.Replicas()
		// What the clock said before the call does not tell that a replica has what came after it.
		if !slices.ContainsFunc(list, func(r ReplicaState) bool { return r.InUse && r.Version <= now }) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
