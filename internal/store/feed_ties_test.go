package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// An import gives many accounts one last_post_at. Whoever follows them all pages through the home feed as through any.
func TestHomeOfAccountsThatPostedAtOnce(t *testing.T) {
	const followed = 1200
	storetest.Each(t, func(t *testing.T, open func(t testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		insert := func(head string, n int, row func(i int) string) {
			t.Helper()
			values := make([]string, n)
			for i := range values {
				values[i] = "(" + row(i) + ")"
			}
			if _, err := s.SQL().ExecContext(ctx, head+" VALUES "+strings.Join(values, ",")); err != nil {
				t.Fatal(err)
			}
		}
		insert("INSERT INTO accounts (id, username, username_key, note, fields, created_at, updated_at, last_post_at)", followed, func(i int) string {
			return fmt.Sprintf("%d, 'm%[1]d', 'm%[1]d', '', '[]', 1, 1, %d", i+1, store.IDTime(firstPost).UnixMilli())
		})
		id := func(i int) int64 { return firstPost + int64(i*7919%followed) } // no order that the accounts' ids have
		insert("INSERT INTO posts (id, author_id, kind, home, listed, caption, visibility, licence, created_at)", followed, func(i int) string {
			return fmt.Sprintf("%d, %d, 'post', 1, 1, 'x', 'public', 'cc0-1.0', 1", id(i), i+1)
		})
		insert("INSERT INTO follows (id, follower_id, followee_id, created_at)", followed-1, func(i int) string { return fmt.Sprintf("%d, 1, %[1]d, 1", i+2) })
		for _, hide := range []string{"ask", "hide"} {
			viewer := &store.Account{ID: 1, WarnedPhotos: hide}
			next := firstPost + followed
			for r := (store.Range{Limit: 40}); ; r.Max = next {
				posts, err := s.HomePosts(ctx, viewer, r)
				if err != nil {
					t.Fatalf("below %d: %v", r.Max-firstPost, err)
				}
				for _, p := range posts {
					if next--; p.ID != next {
						t.Fatalf("below %d: %d where %d was to come", r.Max-firstPost, p.ID-firstPost, next-firstPost)
					}
				}
				if len(posts) < r.Limit {
					break
				}
			}
			if next != firstPost {
				t.Errorf("%s: the feed ended above the last %d posts", hide, next-firstPost)
			}
		}
		up := firstPost - 1
		for range followed / 40 {
			posts, err := s.HomePosts(ctx, &store.Account{ID: 1}, store.Range{Min: up, Up: true, Limit: 40})
			if err != nil || len(posts) != 40 || posts[39].ID != up+1 {
				t.Fatalf("above %d: %d posts, %v", up-firstPost, len(posts), err)
			}
			up = posts[0].ID
		}
	})
}
