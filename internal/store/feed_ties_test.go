package store_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
		insert("INSERT INTO lists (id, account_id, title, replies_policy, exclusive, created_at)", 1, func(int) string { return "1, 1, 'x', 'list', 0, 1" })
		const listed = 500
		insert("INSERT INTO list_members (id, list_id, follower_id, followee_id, created_at)", listed, func(i int) string { return fmt.Sprintf("%d, 1, 1, %d, 1", i+1, i+2) })
		var home, list []int64
		for i := range followed {
			home = append(home, id(i))
			if i >= 1 && i <= listed {
				list = append(list, id(i))
			}
		}
		for _, viewer := range []*store.Account{
			{ID: 1, WarnedPhotos: "ask"}, {ID: 1, WarnedPhotos: "hide"}, {ID: 1, WarnedPhotos: "ask", FollowingCount: manyFollowed},
		} {
			for name, feed := range map[string]struct {
				want []int64
				read func(r store.Range) ([]store.Post, error)
			}{
				"home":   {home, func(r store.Range) ([]store.Post, error) { return s.HomePosts(ctx, viewer, r) }},
				"a list": {list, func(r store.Range) ([]store.Post, error) { return s.ListPosts(ctx, viewer, 1, r) }},
			} {
				slices.SortFunc(feed.want, func(a, b int64) int { return cmp.Compare(b, a) })
				var got []int64
				for r := (store.Range{Limit: 40}); ; r.Max = got[len(got)-1] {
					posts, err := feed.read(r)
					if err != nil {
						t.Fatalf("%s, below %d: %v", name, r.Max-firstPost, err)
					}
					for _, p := range posts {
						got = append(got, p.ID)
					}
					if len(posts) < r.Limit {
						break
					}
				}
				if !slices.Equal(got, feed.want) {
					t.Errorf("%s, %s, following %d: %d posts, want %d in their order", name, viewer.WarnedPhotos, viewer.FollowingCount, len(got), len(feed.want))
				}
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
