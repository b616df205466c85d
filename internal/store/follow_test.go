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

// What a follow is to show and tell is kept with it, and with a request. Of who is told of a post, a page is what stands above the last.
func TestFollowOptions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(t testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		const author, locked, people = int64(1), int64(2), int64(12)
		for id := int64(1); id <= people; id++ {
			must(s.CreateAccount(ctx, &store.Account{ID: id, Username: fmt.Sprint("m", id), UsernameKey: fmt.Sprint("m", id), Role: store.RoleMember}))
		}
		var told []int64
		for id := int64(3); id <= people; id++ {
			must(s.AddFollow(ctx, store.Follow{ID: 100 - id, FollowerID: id, FolloweeID: author, Notify: id%2 == 0, CreatedAt: 1}))
			must(s.AddFollow(ctx, store.Follow{ID: 200 - id, FollowerID: author, FolloweeID: id, Notify: true, CreatedAt: 1})) // the other way
			if id%2 == 0 {
				told = append(told, id)
			}
		}
		post := &store.Post{ID: 7, AuthorID: author, Kind: store.KindPost, Home: true, Visibility: store.Public, CreatedAt: 1}
		must(s.CreatePost(ctx, post))
		page := func(after int64, limit int) []int64 {
			t.Helper()
			list, err := s.ToldOfPost(ctx, post, after, limit)
			must(err)
			return list
		}
		if got := page(0, 99); !slices.Equal(got, told) {
			t.Errorf("told are %v, want %v", got, told)
		}
		if got := page(told[1], 2); !slices.Equal(got, told[2:4]) {
			t.Errorf("after %d: %v", told[1], got)
		}
		must(s.SetMentions(ctx, post.ID, []int64{4}))
		must(s.SetFollowOptions(ctx, 6, author, true, false))
		must(s.SetFollowOptions(ctx, 3, author, true, true))
		if got, want := page(0, 99), []int64{3, 8, 10, 12}; !slices.Equal(got, want) {
			t.Errorf("told are %v, want %v", got, want)
		}
		must(s.AddFollowRequest(ctx, store.FollowRequest{FollowerID: 5, FolloweeID: locked, CreatedAt: 1}))
		must(s.AddFollowRequest(ctx, store.FollowRequest{FollowerID: 6, FolloweeID: locked, HideBoosts: true, Notify: true, CreatedAt: 1}))
		must(s.SetFollowOptions(ctx, 5, locked, false, true))
		for _, want := range []struct {
			of int64
			store.Relationship
		}{
			{3, store.Relationship{ID: author, Following: true, FollowedBy: true, HideBoosts: true, Notify: true}},
			{5, store.Relationship{ID: author, Following: true, FollowedBy: true}},
			{5, store.Relationship{ID: locked, Requested: true, Notify: true}},
			{6, store.Relationship{ID: author, Following: true, FollowedBy: true, HideBoosts: true}},
			{6, store.Relationship{ID: locked, Requested: true, HideBoosts: true, Notify: true}},
			{8, store.Relationship{ID: author, Following: true, FollowedBy: true, Notify: true}},
		} {
			got, err := s.Relationships(ctx, want.of, []int64{want.ID})
			must(err)
			if got[0] != want.Relationship {
				t.Errorf("%d to %d: %+v, want %+v", want.of, want.ID, got[0], want.Relationship)
			}
		}
	})
}

// To look for who is told of a post costs what is found, however many follow its author, and however many are told.
func TestWhoIsToldOfAPostReadsLittle(t *testing.T) {
	servertest.OnEachFlavour(t, func(t *testing.T, f servertest.Flavour) {
		s := storetest.MySQL(t, f.Server(t).NewDatabase(t))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		const followers = 3000
		exec := func(query string) {
			t.Helper()
			if _, err := s.SQL().ExecContext(ctx, query); err != nil {
				t.Fatal(err)
			}
		}
		steps := readSteps(t, ctx, s) // which leaves one connection
		exec("SET foreign_key_checks = 0")
		var rows []string
		for n := range followers {
			notify := 0
			if n%1000 == 0 {
				notify = 1
			}
			rows = append(rows, fmt.Sprintf("(%d, %d, 1, 1, %d)", n+1, n+2, notify), fmt.Sprintf("(%d, %d, 2, 1, 1)", followers+n+1, n+3))
		}
		exec("INSERT INTO follows (id, follower_id, followee_id, created_at, notify) VALUES " + strings.Join(rows, ","))
		exec("ANALYZE TABLE follows, mentions")
		for _, tt := range []struct {
			what   string
			author int64
			limit  int
			found  int
		}{{"few of many", 1, 50, 3}, {"a page of many", 2, 50, 50}, {"whether anybody is", 2, 1, 1}} {
			before := steps()
			list, err := s.ToldOfPost(ctx, &store.Post{ID: 7, AuthorID: tt.author}, 0, tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			if n := steps() - before; len(list) != tt.found || n > 4*tt.found+5 {
				t.Errorf("%s: %d found after %d steps", tt.what, len(list), n)
			}
		}
	})
}
