package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// manyFollowed is how many one follows where the database sorts who posted last.
const manyFollowed = 5001

// A home feed with boosts, and one of a list, holds what a plain look through everything finds, page by page, downwards and upwards: each post
// once, where it first came to the reader. It is the same for those who follow so many that the database sorts them.
func TestHomeFeedsWithBoosts(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	storetest.Each(t, func(t *testing.T, open func(t testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		rnd := rand.New(rand.NewPCG(seed, 1))
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		const people, reader = 30, int64(1)
		accounts := make([]*store.Account, people+1)
		for id := int64(1); id <= people; id++ {
			accounts[id] = &store.Account{ID: id, Username: fmt.Sprintf("m%d", id), UsernameKey: fmt.Sprintf("m%d", id), Role: store.RoleMember}
			must(s.CreateAccount(ctx, accounts[id]))
		}
		followed, boosting := map[int64]bool{}, map[int64]bool{reader: true}
		for id := int64(2); id <= people; id++ {
			if rnd.IntN(2) == 0 {
				hide := rnd.IntN(4) == 0
				must(s.AddFollow(ctx, store.Follow{ID: id, FollowerID: reader, FolloweeID: id, HideBoosts: hide, CreatedAt: 1}))
				followed[id], boosting[id] = true, !hide
			}
		}
		list := &store.List{ID: 1, AccountID: reader, Title: "some", RepliesPolicy: "list", CreatedAt: 1}
		must(s.AddList(ctx, *list))
		listed, rest := map[int64]bool{}, map[int64]bool{reader: true}
		for id := range followed {
			if rest[id] = rnd.IntN(2) == 0; !rest[id] {
				listed[id] = true
				must(s.AddListMembers(ctx, list, []int64{id}, 1))
			}
		}
		homePosts := func(r store.Range) ([]store.Post, error) { return s.HomePosts(ctx, accounts[reader], r) }
		type entry struct{ id, post, booster int64 }
		type feed struct {
			name  string
			of    func(account int64) bool // has its posts, and its boosts where those are wanted
			never func(author int64) bool  // no boost brings their posts
			page  func(store.Range) ([]store.Post, error)
			told  func(boost int64) bool
			want  []entry
			in    map[int64]bool
		}
		knows := func(author int64) bool { return author == reader || followed[author] }
		toldAtHome := func(boost int64) bool {
			told, err := s.BoostListeners(ctx, boost, []int64{reader})
			must(err)
			return told[reader]
		}
		feeds := []*feed{
			{name: "home", of: knows, never: knows, page: homePosts, told: toldAtHome},
			{name: "a list", of: func(id int64) bool { return listed[id] }, never: func(int64) bool { return false },
				page: func(r store.Range) ([]store.Post, error) { return s.ListPosts(ctx, accounts[reader], list.ID, r) },
				told: func(boost int64) bool {
					told, err := s.ListBoosts(ctx, boost, []int64{list.ID, 99})
					must(err)
					return told[list.ID] == reader
				}},
			{name: "home without an exclusive list", of: func(id int64) bool { return rest[id] }, never: knows, page: homePosts, told: toldAtHome},
		}
		for _, f := range feeds {
			f.in = map[int64]bool{}
		}
		var posts []store.Post
		boosted := map[[2]int64]bool{}
		id := int64(1) << 50
		for range 600 {
			id += int64(rnd.IntN(3)) << 15 // often in the same millisecond
			id++
			at := store.ToMillis(store.IDTime(id))
			author := 1 + rnd.Int64N(people)
			if len(posts) == 0 || rnd.IntN(2) == 0 {
				p := store.Post{ID: id, AuthorID: author, Kind: store.KindPost, Home: true, Listed: true, Visibility: store.Public, CreatedAt: at}
				if rnd.IntN(8) == 0 {
					p.Visibility, p.Listed = store.Followers, false
				}
				must(s.CreatePost(ctx, &p))
				_, err := s.SQL().ExecContext(ctx, "UPDATE accounts SET last_post_at = ? WHERE id = ?", at, author)
				must(err)
				posts = append(posts, p)
				for _, f := range feeds {
					if f.of(author) {
						f.want, f.in[p.ID] = append(f.want, entry{id, id, 0}), true
					}
				}
				continue
			}
			p := posts[max(0, len(posts)-1-rnd.IntN(20))]
			if boosted[[2]int64{author, p.ID}] {
				continue
			}
			boosted[[2]int64{author, p.ID}] = true
			must(s.AddBoost(ctx, store.Boost{ID: id, AccountID: author, PostID: p.ID, CreatedAt: at}))
			accounts[author].LastBoostAt = &at
			for _, f := range feeds {
				if boosting[author] && f.of(author) && !f.in[p.ID] && !f.never(p.AuthorID) && (p.Visibility != store.Followers || knows(p.AuthorID)) {
					f.want, f.in[p.ID] = append(f.want, entry{id, p.ID, author}), true
				}
			}
		}
		for _, f := range feeds {
			if f == feeds[2] {
				list.Exclusive = true
				must(s.UpdateList(ctx, *list))
				at := accounts[reader].LastBoostAt
				acc, err := s.AccountByID(ctx, reader)
				must(err)
				if acc.ExclusiveLists != 1 {
					t.Errorf("%d exclusive lists", acc.ExclusiveLists)
				}
				acc.LastBoostAt, accounts[reader] = at, acc
			}
			want := f.want
			slices.Reverse(want)
			read := func(r store.Range) (list []entry) {
				t.Helper()
				page, err := f.page(r)
				must(err)
				for _, p := range page {
					list = append(list, entry{p.FeedID(), p.ID, p.BoosterID})
				}
				return list
			}
			limits := []int{1, 3, 20, 40}
			if testing.Short() { // the race detector makes SQLite, which is Go, twenty times as slow
				limits = []int{7, 40}
			}
			for _, limit := range limits {
				var got []entry
				for r := (store.Range{Limit: limit}); ; {
					page := read(r)
					if got = append(got, page...); len(page) < limit {
						break
					}
					r.Max = page[len(page)-1].id
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s down by %d: %d entries, want %d\n%v\n%v", f.name, limit, len(got), len(want), got, want)
				}
				got = nil
				for r := (store.Range{Min: 1, Up: true, Limit: limit}); ; {
					page := read(r)
					if got = append(page, got...); len(page) < limit {
						break
					}
					r.Min = page[0].id
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s up by %d: %d entries, want %d\n%v\n%v", f.name, limit, len(got), len(want), got, want)
				}
			}
			for _, most := range []int{manyFollowed - 1, manyFollowed} { // the border
				accounts[reader].FollowingCount = most
				var got []entry
				for r := (store.Range{Limit: 7}); ; {
					page := read(r)
					if got = append(got, page...); len(page) < r.Limit {
						break
					}
					r.Max = page[len(page)-1].id
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, following %d: %d entries, want %d\n%v\n%v", f.name, most, len(got), len(want), got, want)
				}
			}
			accounts[reader].FollowingCount = 0
			from := want[len(want)/3].id
			if got := read(store.Range{Min: from, Limit: len(want)}); !slices.Equal(got, want[:min(len(want)/3, len(want))]) {
				t.Errorf("%s since %d: %v", f.name, from, got)
			}
			// Whoever is told of a boost finds it in the feed.
			for _, e := range want {
				if e.booster == 0 {
					continue
				}
				if !f.told(e.id) {
					t.Errorf("%s: nobody tells of the boost %d", f.name, e.id)
				}
			}
		}
	})
}
