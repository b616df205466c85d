package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

const firstPost = int64(1) << 50

// later is how much the id of the i-th post lies above the first one's: two are written in each millisecond.
func later(i int) int64 { return int64(i/2)<<16 + int64(i%2)*7 }

// fillFeeds makes 40 accounts (ids 1 to 40), 4,000 public posts in turns, each with the tag 1, comments on the first
// post, and has account 1 follow all the others, 31 of whom are in its list.
func fillFeeds(t *testing.T, s *store.Store) {
	t.Helper()
	insert := func(head string, n int, row func(i int) string) {
		t.Helper()
		for i := 0; i < n; i += 500 {
			var values []string
			for j := i; j < min(i+500, n); j++ {
				values = append(values, "("+row(j)+")")
			}
			if _, err := s.SQL().ExecContext(t.Context(), head+" VALUES "+strings.Join(values, ",")); err != nil {
				t.Fatal(err)
			}
		}
	}
	insert("INSERT INTO accounts (id, username, username_key, note, fields, created_at, updated_at, last_post_at)", 40,
		func(i int) string {
			return fmt.Sprintf("%d, 'm%[1]d', 'm%[1]d', '', '[]', 1, 1, %d", i+1, store.IDTime(firstPost+later(3960+i)).UnixMilli())
		})
	posts := "INSERT INTO posts (id, author_id, kind, home, listed, root_id, in_reply_to_id, caption, visibility, licence, created_at)"
	insert(posts, 4000, func(i int) string {
		return fmt.Sprintf("%d, %d, 'post', 1, 1, NULL, NULL, 'x', 'public', 'cc0-1.0', 1", firstPost+later(i), i%40+1)
	})
	insert(posts, 4000, func(i int) string {
		return fmt.Sprintf("%d, %d, 'comment', 0, 0, %d, %[3]d, 'x', 'public', 'cc0-1.0', 1", 2*firstPost+later(i), i%40+1, firstPost)
	})
	insert("INSERT INTO tags (id, name, name_key, created_at)", 1, func(int) string { return "1, 'x', 'x', 1" })
	insert("INSERT INTO post_tags (tag_id, post_id)", 4000, func(i int) string { return fmt.Sprintf("1, %d", firstPost+later(i)) })
	insert("INSERT INTO likes (id, account_id, post_id, created_at)", 40, func(i int) string { return fmt.Sprintf("%d, %[1]d, %d, 1", i+1, firstPost) })
	insert("INSERT INTO follows (id, follower_id, followee_id, created_at)", 39, func(i int) string { return fmt.Sprintf("%d, 1, %[1]d, 1", i+2) })
	insert("INSERT INTO lists (id, account_id, title, replies_policy, exclusive, created_at)", 2, func(i int) string { return fmt.Sprintf("%d, 1, 'x', 'list', 0, 1", i+1) })
	insert("INSERT INTO list_members (id, list_id, follower_id, followee_id, created_at)", 62, func(i int) string { return fmt.Sprintf("%d, %d, 1, %d, 1", i+1, i%2+1, i/2+2) })
}

func feedsOf(ctx context.Context, s *store.Store, viewer *store.Account) map[string]func(store.Range) ([]store.Post, error) {
	feeds := map[string]func(store.Range) ([]store.Post, error){
		"public":  func(r store.Range) ([]store.Post, error) { return s.PublicPosts(ctx, viewer, r) },
		"tag":     func(r store.Range) ([]store.Post, error) { return s.TagPosts(ctx, viewer, 1, r) },
		"profile": func(r store.Range) ([]store.Post, error) { return s.AuthorPosts(ctx, viewer, 5, store.AuthorFeed{}, r) },
		"account": func(r store.Range) ([]store.Post, error) {
			return s.AuthorPosts(ctx, viewer, 5, store.AuthorFeed{WithComments: true}, r)
		},
		"comments": func(r store.Range) ([]store.Post, error) {
			if r.Max != 0 {
				r.Max += firstPost
			}
			if r.Min != 0 {
				r.Min += firstPost
			}
			return s.CommentsOn(ctx, viewer, firstPost, r)
		},
	}
	if viewer != nil {
		feeds["home"] = func(r store.Range) ([]store.Post, error) { return s.HomePosts(ctx, viewer, r) }
		feeds["list"] = func(r store.Range) ([]store.Post, error) { return s.ListPosts(ctx, viewer, 1, r) }
	}
	return feeds
}

// A page is read from an index, from the cursor on: what lies on the other side of the cursor, or beyond the page, is
// not read, however much it is. The server counts.
func TestPagesReadLittle(t *testing.T) { servertest.OnEachFlavour(t, testPagesReadLittle) }

// readSteps counts the rows that a server reads, but those of some counters. The store has one connection from then on: the counters are
// the connection's.
func readSteps(t *testing.T, ctx context.Context, s *store.Store, without ...string) func() int {
	t.Helper()
	s.SQL().SetMaxOpenConns(1)
	return func() (n int) {
		rows, err := s.SQL().QueryContext(ctx, "SHOW SESSION STATUS LIKE 'Handler_read_%'")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var v int
			if err := rows.Scan(&name, &v); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(without, name) {
				n += v
			}
		}
		return n
	}
}

func testPagesReadLittle(t *testing.T, f servertest.Flavour) {
	s := storetest.MySQL(t, f.Server(t).NewDatabase(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	fillFeeds(t, s)
	if _, err := s.SQL().ExecContext(ctx, "ANALYZE TABLE posts, accounts, follows, list_members, post_tags, likes, blocks"); err != nil {
		t.Fatal(err)
	}
	steps := readSteps(t, ctx, s, "Handler_read_key", "Handler_read_rnd") // lookups by key; sorted rows
	ranges := map[string]store.Range{
		"the top": {}, "the middle": {Max: firstPost + later(2000)}, "up from the middle": {Min: firstPost + later(2000), Up: true},
		"up from the top": {Min: firstPost + later(3990), Up: true},
	}
	for _, viewer := range []*store.Account{nil, {ID: 1}} {
		for name, feed := range feedsOf(ctx, s, viewer) {
			for where, r := range ranges {
				r.Limit = 20
				most := 150
				if name == "home" || name == "list" {
					// All followed are asked for their heads, and a page for as many posts of each as it has. Down from the
					// middle MariaDB walks to the cursor, which is what the reader has scrolled past.
					most = map[string]int{"the top": 300, "the middle": 2500, "up from the middle": 1500, "up from the top": 300}[where]
				}
				if _, err := feed(r); err != nil { // MySQL counts what it reads to open a table, too
					t.Fatal(err)
				}
				before := steps()
				posts, err := feed(r)
				if err != nil {
					t.Fatal(err)
				}
				if n := steps() - before; n > most || len(posts) == 0 && where != "up from the top" {
					t.Errorf("%s at %s, member %v: %d posts after %d steps, %d are enough", name, where, viewer != nil, len(posts), n, most)
				}
			}
		}
	}
}

// Both dialects answer the same pages, whichever way they find them.
func TestFeedsAreTheSame(t *testing.T) {
	answers := map[string][]int64{}
	storetest.Each(t, func(t *testing.T, open func(t testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		fillFeeds(t, s)
		for name, feed := range feedsOf(ctx, s, &store.Account{ID: 1}) {
			for i, r := range []store.Range{
				{}, {Max: firstPost + later(2000)}, {Min: firstPost + later(2000), Up: true}, {Min: firstPost + later(3990), Up: true}, {Min: firstPost + later(3990)},
				{Min: 1, Up: true}, {Min: firstPost + later(100), Max: firstPost + later(107), Up: true}, {Max: firstPost},
				{Max: firstPost + later(3973)}, {Max: firstPost + later(3990)}, {Min: firstPost + later(3961), Max: firstPost + later(3970)},
			} {
				r.Limit = 13
				posts, err := feed(r)
				if err != nil {
					t.Fatal(err)
				}
				ids := make([]int64, len(posts))
				for j, p := range posts {
					ids[j] = p.ID
				}
				if !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) {
					t.Errorf("%s %+v is not newest first: %v", name, r, ids)
				}
				key := fmt.Sprint(name, i)
				if name == "home" { // follows everybody
					key = fmt.Sprint("public", i)
				}
				if have, ok := answers[key]; ok && !slices.Equal(have, ids) {
					t.Errorf("%s %+v:\n%v, but was\n%v", name, r, ids, have)
				}
				answers[key] = ids
			}
		}
		// The addresses of the newest are of the same posts.
		posts, err := s.PublicPosts(ctx, nil, store.Range{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		addresses, err := s.PublicAddresses(ctx, 100)
		if err != nil || len(addresses) != len(posts) {
			t.Fatalf("%d addresses of %d posts, %v", len(addresses), len(posts), err)
		}
		for i, a := range addresses {
			if want := (store.PostAddress{ID: posts[i].ID, AuthorID: posts[i].AuthorID, Author: fmt.Sprintf("m%d", posts[i].AuthorID), CreatedAt: posts[i].CreatedAt}); a != want {
				t.Errorf("address %d: %+v, want %+v", i, a, want)
			}
		}
	})
}
