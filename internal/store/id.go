package store

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// ids draws 64-bit ids that sort by time: 48 bits of Unix milliseconds, then 16 bits from a counter that starts at
// random in every millisecond. Two processes may still meet; see Store.TxOnce. An id is above every one that this process
// drew or heard of, whatever its clock says.
type ids struct {
	mu   sync.Mutex
	ms   int64
	next int64
	now  func() time.Time
	// learned: floor has been asked for what stood in the database before.
	learned bool
}

// raise has every id drawn from now on be above the given one, which some row has: a clock that was set back, or that is
// behind another instance's, must not draw ids among those that readers have passed already.
func (g *ids) raise(id int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ms := id >> 16; ms > g.ms || ms == g.ms && id >= g.ms<<16|g.next {
		g.ms, g.next = ms, id&0xFFFF+1
	}
}

// idTables are those whose rows have ids of ids.
var idTables = []string{
	"accounts", "access_tokens", "account_notes", "admin_log", "album_downloads", "album_members", "album_photos", "albums", "announcement_comments", "announcement_marks", "announcements", "apps", "blocks", "bookmarks", "boosts", "conversation_mutes", "decisions", "events", "factors", "follow_requests", "follows", "held_posts", "instances", "invitations", "jobs", "likes", "list_members", "lists", "moderator_notes", "mutes", "notifications", "pins", "post_versions",
	"photos", "posts", "reports", "site_blocks", "tag_follows", "tags",
}

// learnFloor reads once, before the first transaction, the newest id that stands in the database. Of later ones EventsAfter
// tells sooner or later. What readers pass by its id is looked at when a new one is drawn: see NewPostID and MayNotify.
func (s *conn) learnFloor(ctx context.Context) error {
	s.ids.mu.Lock()
	learned := s.ids.learned
	s.ids.mu.Unlock()
	if learned {
		return nil
	}
	var newest int64
	query := "SELECT COALESCE(MAX(id), 0) FROM (SELECT MAX(id) AS id FROM " + strings.Join(idTables, " UNION ALL SELECT MAX(id) FROM ") + ") AS newest"
	if err := s.w.WithContext(ctx).Raw(query).Scan(&newest).Error; err != nil {
		if missingTable(err) { // no schema yet, so no rows
			return nil
		}
		return err
	}
	s.ids.raise(newest)
	s.ids.mu.Lock()
	s.ids.learned = true
	s.ids.mu.Unlock()
	return nil
}

// feedTables are those whose rows stand in feeds together, by their ids.
var feedTables = []string{"posts", "boosts"}

// NewPostID draws an id for a post or a boost. It is above those that stand on the primary: a reader who has the newest one asks
// for what came since, and must not miss this one because the clocks of two instances are apart.
func (s *conn) NewPostID(ctx context.Context) (int64, error) {
	db := s.w
	switch {
	case s.tx != nil:
		db = s.tx
	case s.readers != nil: // they see every commit, and do not stand in the queue of those who write
		db = s.r
	}
	var newest int64
	query := "SELECT COALESCE(MAX(id), 0) FROM (SELECT MAX(id) AS id FROM " + strings.Join(feedTables, " UNION ALL SELECT MAX(id) FROM ") + ") AS newest"
	if err := db.WithContext(ctx).Raw(query).Scan(&newest).Error; err != nil {
		return 0, translate(err)
	}
	s.ids.raise(newest)
	return s.NewID(), nil
}

func (g *ids) draw() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	ms := g.now().UnixMilli()
	switch {
	case ms > g.ms:
		g.ms, g.next = ms, rand.Int64N(1<<15)
	case g.next > 0xFFFF: // this millisecond is used up, or the clock went back: borrow from the next one
		g.ms, g.next = g.ms+1, rand.Int64N(1<<15)
	}
	id := g.ms<<16 | g.next
	g.next++
	return id
}

// newID draws an id for a row of the table.
func (s *conn) newID(ctx context.Context, table string) (int64, error) {
	if slices.Contains(feedTables, table) {
		return s.NewPostID(ctx)
	}
	return s.NewID(), nil
}

// IDTime is the moment at which the id was drawn.
func IDTime(id int64) time.Time { return time.UnixMilli(id >> 16).UTC() }

// IDAt is a random id of the moment t, for imports and demo data.
func IDAt(t time.Time) int64 { return t.UnixMilli()<<16 | rand.Int64N(1<<16) }
