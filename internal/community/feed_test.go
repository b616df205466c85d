package community

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"tintype/internal/store"
)

// Whoever pages through a feed to its end finds every post of it once, in order, in both directions, while new ones
// come in at the top.
func TestPagesHaveNoGaps(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		reader := g.account("reader")
		var authors []*store.Account
		for i := range 4 {
			a := g.account(fmt.Sprint("author", i))
			_, err := g.Follow(g.ctx, reader, a.ID)
			g.must(err)
			authors = append(authors, a)
		}
		silent := g.account("silent")
		_, err := g.Follow(g.ctx, reader, silent.ID)
		g.must(err)
		var all []int64
		write := func(i int) {
			// One writes most: a page may be one author's alone.
			by := authors[0]
			if i%3 == 0 {
				by = authors[1+i%len(authors[1:])]
			}
			all = append(all, g.post(by, store.Public, "#page").ID)
		}
		for i := range 23 {
			write(i)
		}
		root := g.post(silent, store.Unlisted, "")
		var thread []int64
		for range 11 {
			thread = append(thread, g.comment(reader, root.ID, "x").ID)
		}
		byAuthor := func(id int64) bool {
			p, err := g.Store.RawPost(g.ctx, id)
			g.must(err)
			return p.AuthorID == authors[0].ID
		}
		feeds := map[string]struct {
			read func(Cursor) ([]*Post, error)
			of   func(all []int64) []int64
		}{
			"public": {func(p Cursor) ([]*Post, error) { return g.PublicFeed(g.ctx, nil, p) }, slices.Clone[[]int64]},
			"tag":    {func(p Cursor) ([]*Post, error) { return g.TagFeed(g.ctx, reader, "Page", p) }, slices.Clone[[]int64]},
			"home": {func(p Cursor) ([]*Post, error) { return g.HomeFeed(g.ctx, reader, p) }, func(all []int64) []int64 {
				out := append(slices.Clone(all), root.ID)
				slices.Sort(out)
				return out
			}},
			"account": {func(p Cursor) ([]*Post, error) {
				return g.AccountFeed(g.ctx, nil, authors[0].ID, AccountFeedOptions{ExcludeReplies: true}, p)
			}, func(all []int64) []int64 {
				return slices.DeleteFunc(slices.Clone(all), func(id int64) bool { return !byAuthor(id) })
			}},
		}
		for name, feed := range feeds {
			for _, limit := range []int{1, 5, 7, 40} {
				before := feed.of(all)
				var down []int64
				for page := (Cursor{Limit: limit}); ; {
					posts, err := feed.read(page)
					g.must(err)
					if len(posts) == 0 {
						break
					}
					if len(posts) > limit {
						t.Fatalf("%s: %d posts on a page of %d", name, len(posts), limit)
					}
					down = append(down, idsOf(posts)...)
					page.MaxID = down[len(down)-1]
					if len(all) < 30 {
						write(len(all))
					}
				}
				slices.Reverse(down)
				if !slices.Equal(down, before) {
					t.Errorf("%s, down by %d: %v\nwant %v", name, limit, down, before)
				}
				now := feed.of(all)
				var up []int64
				for page := (Cursor{Limit: limit, MinID: 1}); ; {
					posts, err := feed.read(page)
					g.must(err)
					if len(posts) == 0 {
						break
					}
					ids := idsOf(posts)
					if !slices.IsSortedFunc(ids, func(a, b int64) int { return cmp.Compare(b, a) }) {
						t.Errorf("%s: a page upwards is not newest first: %v", name, ids)
					}
					slices.Reverse(ids)
					up = append(up, ids...)
					page.MinID = up[len(up)-1]
				}
				if !slices.Equal(up, now) {
					t.Errorf("%s, up by %d: %v\nwant %v", name, limit, up, now)
				}
			}
			// Newest since one: the newest page of what is above, whatever lies between.
			now := feed.of(all)
			posts, err := feed.read(Cursor{SinceID: now[2], Limit: 4})
			g.must(err)
			want := slices.Clone(now[len(now)-4:])
			slices.Reverse(want)
			if !slices.Equal(idsOf(posts), want) {
				t.Errorf("%s since: %v, want %v", name, idsOf(posts), want)
			}
		}
		var down, up []int64
		for page := (Cursor{Limit: 4}); ; {
			_, posts, err := g.PostWithComments(g.ctx, nil, root.ID, page)
			g.must(err)
			if len(posts) == 0 {
				break
			}
			down = append(down, idsOf(posts)...)
			page.MinID = down[len(down)-1]
		}
		for page := (Cursor{Limit: 4, MaxID: thread[len(thread)-1] + 1}); ; {
			_, posts, err := g.PostWithComments(g.ctx, nil, root.ID, page)
			g.must(err)
			if len(posts) == 0 {
				break
			}
			up = append(idsOf(posts), up...)
			page.MaxID = up[0]
		}
		if !slices.Equal(down, thread) || !slices.Equal(up, thread) {
			t.Errorf("comments %v and %v, want %v", down, up, thread)
		}
	})
}

func TestLikes(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann := g.account("ann")
		post := g.post(ann, store.Public, "")
		var want []string
		for i := range 5 {
			fan := g.account(fmt.Sprint("fan", i))
			for range 2 { // the second time changes nothing
				p, err := g.Like(g.ctx, fan, post.ID)
				g.must(err)
				if !p.Liked || p.LikesCount != i+1 {
					t.Errorf("%d likes, liked %v", p.LikesCount, p.Liked)
				}
			}
			want = append([]string{fan.Username}, want...)
		}
		if n, err := g.UnreadNotifications(g.ctx, ann, NotificationFilter{}); err != nil || n != 5 {
			t.Errorf("%d notifications, %v", n, err)
		}
		var got []string
		var prevs []int64
		for page := (Cursor{Limit: 2}); ; {
			accounts, next, prev, err := g.LikedBy(g.ctx, nil, post.ID, page)
			g.must(err)
			for _, a := range accounts {
				got = append(got, a.Username)
			}
			prevs = append(prevs, prev)
			if next == 0 {
				break
			}
			page.MaxID = next
		}
		if !slices.Equal(got, want) {
			t.Errorf("liked by %v, want %v", got, want)
		}
		accounts, next, _, err := g.LikedBy(g.ctx, nil, post.ID, Cursor{Limit: 2, MinID: prevs[len(prevs)-1]})
		g.must(err)
		if len(accounts) != 2 || accounts[0].Username != "fan2" || accounts[1].Username != "fan1" || next == 0 {
			t.Errorf("upwards: %v, next %d", accounts, next)
		}
		fan, err := g.AccountByName(g.ctx, nil, "fan0")
		g.must(err)
		for range 2 {
			p, err := g.Unlike(g.ctx, fan, post.ID)
			g.must(err)
			if p.Liked || p.LikesCount != 4 {
				t.Errorf("%d likes, liked %v", p.LikesCount, p.Liked)
			}
		}
		if n, err := g.UnreadNotifications(g.ctx, ann, NotificationFilter{}); err != nil || n != 4 {
			t.Errorf("%d notifications, %v", n, err)
		}
	})
}

func TestEditPost(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, cy := g.account("ann"), g.account("bob"), g.account("cy")
		first, second, third := g.photo(ann), g.photo(ann), g.photo(ann)
		p, err := g.Publish(g.ctx, ann, NewPost{Caption: "#one @bob", PhotoIDs: []int64{first, second}})
		g.must(err)
		comment := g.comment(bob, p.ID, "me")
		caption, warning, licence, hidden, alt := "#two @bob @cy", " Blood ", "cc0-1.0", store.Followers, "A gate"
		p, err = g.EditPost(g.ctx, ann, p.ID, PostChange{Caption: &caption, Warning: &warning, Licence: &licence, Visibility: &hidden,
			Photos: []PostPhoto{{ID: third, Description: &alt}, {ID: first}}})
		g.must(err)
		if p.Caption != caption || p.Warning != "Blood" || p.Licence != licence || p.EditedAt == nil || p.Listed || len(p.Tags) != 1 || p.Tags[0].Name != "two" {
			t.Errorf("%+v", p)
		}
		if len(p.Photos) != 2 || p.Photos[0].ID != third || p.Photos[0].Description != alt || p.Photos[1].ID != first || p.PhotosCount != 2 {
			t.Errorf("photos %+v", p.Photos)
		}
		if len(p.Mentions) != 0 { // neither follows
			t.Errorf("mentions %v", p.Mentions)
		}
		for _, id := range []int64{p.ID, comment.ID} {
			if _, err := g.PostByID(g.ctx, bob, id); err == nil {
				t.Error("bob still sees it")
			}
		}
		if raw, err := g.Store.RawPost(g.ctx, comment.ID); err != nil || raw.Visibility != store.Followers {
			t.Error("the comment does not follow its post", raw, err)
		}
		open := store.Public
		p, err = g.EditPost(g.ctx, ann, p.ID, PostChange{Visibility: &open})
		g.must(err)
		if len(p.Mentions) != 2 || !p.Listed || p.Caption != caption || len(p.Photos) != 2 {
			t.Errorf("%+v", p)
		}
		told := func(acc *store.Account) (n int) {
			g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*) FROM notifications WHERE account_id = ? AND post_id = ?", acc.ID, p.ID).Scan(&n))
			return n
		}
		if told(bob) != 1 || told(cy) != 1 {
			t.Errorf("bob was told %d times, cy %d", told(bob), told(cy))
		}
		if feed, err := g.TagFeed(g.ctx, nil, "one", Cursor{}); err != nil || len(feed) != 0 {
			t.Errorf("the old tag finds %v, %v", feed, err)
		}
		unknown, bad := "mit", store.Visibility("direct")
		for name, change := range map[string]PostChange{
			"visibility": {Visibility: &bad}, "photos": {Photos: []PostPhoto{}}, "foreign": {Photos: []PostPhoto{{ID: g.photo(bob)}}},
			"taken": {Photos: []PostPhoto{{ID: g.post(ann, store.Public, "").Photos[0].ID}}}, "gone": {Photos: []PostPhoto{{ID: second}}}, "licence": {Licence: &unknown},
		} {
			if _, err := g.EditPost(g.ctx, ann, p.ID, change); !isInvalid(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A comment keeps its post's visibility, and may lose its text only to a photo.
		text, empty := "you", " "
		c, err := g.EditPost(g.ctx, bob, comment.ID, PostChange{Caption: &text, Visibility: &hidden})
		g.must(err)
		if c.Caption != "you" || c.Visibility != store.Public {
			t.Errorf("%+v", c)
		}
		if _, err := g.EditPost(g.ctx, bob, comment.ID, PostChange{Caption: &empty}); !isInvalid(err) {
			t.Error(err)
		}
	})
}

func isInvalid(err error) bool {
	var bad *Invalid
	return errors.As(err, &bad)
}
