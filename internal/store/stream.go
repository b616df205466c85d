package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A Listener is an account with a stream, as one post concerns it.
type Listener struct {
	Follows bool // its author, who is in no exclusive list, or else one of its tags: see taggedPosts
	Marks
	Filters string // its own: see Account
	Limited bool   // the author is, and the account does not follow it: public feeds leave the post out
	Hides   bool   // mutes the author, or wants no warned posts in its feeds, and this is one of another's
}

// listenersAtOnce bounds the accounts that one statement asks about.
const listenersAtOnce = 500

// marksOf reads a post's marks alone.
var marksOf = newColumns(viewerColumns...)

// ListenersTo returns those of the accounts that may see the post or comment, with what it is to them. It takes one
// statement for each 500 accounts.
func (s *conn) ListenersTo(ctx context.Context, postID int64, accountIDs []int64) (map[int64]Listener, error) {
	seen := postSeen(&Account{ID: 1})
	// The arguments of visibility are nothing but the viewer's id: here it is each account's.
	where := strings.ReplaceAll(seen.sql, "?", "v.id")
	out := make(map[int64]Listener, len(accountIDs))
	for some := range slices.Chunk(accountIDs, listenersAtOnce) {
		list, args := in(some)
		rows, err := s.query(ctx, "SELECT v.id, "+strings.ReplaceAll(marksOf.sql, "?", "v.id")+", CASE WHEN EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = v.id AND f.followee_id = p.author_id AND NOT "+exclusively+")"+
			" OR p.listed = 1 AND a.limited_at IS NULL AND NOT EXISTS (SELECT 1 FROM follows fa WHERE fa.follower_id = v.id AND fa.followee_id = p.author_id) AND EXISTS (SELECT 1 FROM tag_follows ft JOIN post_tags pt ON pt.tag_id = ft.tag_id WHERE ft.account_id = v.id AND pt.post_id = p.id) THEN 1 ELSE 0 END,"+
			" CASE WHEN v.warned_photos = 'hide' AND v.id <> p.author_id AND (p.sensitive = 1 OR p.warning <> '')"+
			" OR EXISTS (SELECT 1 FROM mutes mu WHERE mu.account_id = v.id AND mu.target_id = p.author_id AND "+s.notOver()+") THEN 1 ELSE 0 END"+
			", CASE WHEN a.limited_at IS NULL OR a.id = v.id OR EXISTS (SELECT 1 FROM follows fl WHERE fl.follower_id = v.id AND fl.followee_id = a.id) THEN 0 ELSE 1 END"+
			", COALESCE(v.filters, '') FROM posts p JOIN accounts a ON a.id = p.author_id JOIN accounts v ON v.id IN "+list+
			" WHERE p.id = ? AND v.suspended_at IS NULL AND v.deleted_at IS NULL AND "+where, append(args, postID)...)
		if err != nil {
			return nil, err
		}
		for rows.next() {
			id := rows.int()
			var p Post
			marksOf.read(rows, &p)
			out[id] = Listener{Marks: p.Marks, Follows: rows.bool(), Hides: rows.bool(), Limited: rows.bool(), Filters: rows.text()}
		}
		if err := rows.done(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// BoostListeners returns those of the accounts whose home feed has the boost: see firstBoosts. It takes one statement for
// each 500 accounts.
func (s *conn) BoostListeners(ctx context.Context, boostID int64, accountIDs []int64) (map[int64]bool, error) {
	seen := s.firstBoosts(homeOf(&Account{ID: 1, ExclusiveLists: 1}))
	where := strings.ReplaceAll(seen.sql, "?", "v.id") // see ListenersTo
	out := make(map[int64]bool)
	for some := range slices.Chunk(accountIDs, listenersAtOnce) {
		list, args := in(some)
		ids, err := s.idList(ctx, "SELECT v.id FROM boosts b JOIN accounts ba ON ba.id = b.account_id JOIN posts o ON o.id = b.post_id JOIN accounts oa ON oa.id = o.author_id JOIN accounts v ON v.id IN "+list+
			" WHERE b.id = ? AND ba.suspended_at IS NULL AND ba.deleted_at IS NULL AND v.suspended_at IS NULL AND v.deleted_at IS NULL"+
			" AND (b.account_id = v.id OR EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = v.id AND f.followee_id = b.account_id AND f.hide_boosts = 0"+s.followsShown(homeOf(&Account{ExclusiveLists: 1}))+"))"+
			" AND NOT (v.warned_photos = 'hide' AND (o.sensitive = 1 OR o.warning <> '')) AND "+where, append(args, boostID)...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			out[id] = true
		}
	}
	return out, nil
}

// FollowersAmong returns those of the accounts that follow the author.
func (s *conn) FollowersAmong(ctx context.Context, authorID int64, accountIDs []int64) (map[int64]bool, error) {
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
func (s *conn) WaitForReplicas(ctx context.Context) error {
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
		// A replica that shows the clock of before this call may lack what came after it.
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
