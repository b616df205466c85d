package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// asked keeps the statements that a Store sends.
type asked struct {
	mu   sync.Mutex
	list []string
}

func (a *asked) tracing() *store.Tracing {
	return &store.Tracing{
		Statement: func(_ context.Context, s store.TracedStatement) func(string) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.list = append(a.list, s.Text)
			return nil
		},
		Origin: func(context.Context) string { return "" },
	}
}

// during is what is sent while f runs.
func (a *asked) during(f func()) []string {
	a.mu.Lock()
	a.list = nil
	a.mu.Unlock()
	f()
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}

// followed is a testSite in a new database, and two members of whom the first follows the other.
func followed(t *testing.T, o store.Options) (g *testSite, me, other *store.Account) {
	t.Helper()
	if err := store.NewMigrator(o).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	g = newTestSite(t, s)
	me, other = g.account("me"), g.account("other")
	_, err = g.Follow(g.ctx, me, other.ID)
	g.must(err)
	return g, me, other
}

// An author who deletes the newest post between two statements of a home feed is not on its page twice.
func TestADeletionWhileAHomeFeedIsRead(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(testing.TB) string) {
		o := storetest.Options(url(t))
		var meanwhile atomic.Pointer[func()]
		o.Tracing = &store.Tracing{
			Statement: func(_ context.Context, s store.TracedStatement) func(string) {
				if strings.Contains(s.Text, "a.last_post_at < ?") {
					if do := meanwhile.Swap(nil); do != nil {
						(*do)()
					}
				}
				return nil
			},
			Origin: func(context.Context) string { return "" },
		}
		g, me, other := followed(t, o)
		oldest := g.post(other, store.Public, "the oldest")
		apart := func() { time.Sleep(5 * time.Millisecond) } // ids of one millisecond are looked at together
		apart()
		older := g.post(other, store.Public, "an older one")
		apart()
		newest := g.post(other, store.Public, "the newest")
		remove := func() {
			_, err := g.DeletePost(g.ctx, other, newest.ID)
			g.must(err)
		}
		meanwhile.Store(&remove)
		posts, err := g.HomeFeed(g.ctx, me, Cursor{MaxID: newest.ID})
		g.must(err)
		if meanwhile.Load() != nil {
			t.Fatal("nothing was deleted meanwhile")
		}
		var got []int64
		for _, p := range posts {
			got = append(got, p.ID)
			if len(p.Photos) == 0 {
				t.Errorf("%q has lost its photos", p.Caption)
			}
		}
		if want := []int64{older.ID, oldest.ID}; !slices.Equal(got, want) {
			t.Errorf("the page holds %v, want %v", got, want)
		}
	})
}

// On a database that is a network away each statement costs a round trip: what a request needs is read at once, once,
// and not again when it is known.
func TestStatementsOfARequest(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url func(testing.TB) string) {
		var a asked
		o := storetest.Options(url(t))
		o.Tracing = a.tracing()
		g, me, other := followed(t, o)
		var post *Post
		for range 3 {
			post = g.post(other, store.Public, "a photo")
		}
		g.comment(other, post.ID, "mine")
		third := g.account("third")
		var photos []int64
		for range 3 {
			photos = append(photos, g.post(third, store.Public, "of an album").Photos[0].ID)
		}
		album := g.album(third, AlbumForm{}, photos...)
		g.album(third, AlbumForm{}, photos[1:]...)
		g.album(third, AlbumForm{}, photos[2:]...)
		var newest *Post
		for range 24 {
			newest = g.post(third, store.Public, "another's #hill")
			_, err := g.Boost(g.ctx, other, newest.ID)
			g.must(err)
			_, err = g.Bookmark(g.ctx, me, newest.ID)
			g.must(err)
		}
		muted := g.account("muted")
		_, err := g.Boost(g.ctx, other, g.post(muted, store.Public, "of who is muted").ID)
		g.must(err)
		_, err = g.Mute(g.ctx, me, muted.ID, MuteOptions{For: time.Hour})
		g.must(err)
		_, err = g.MuteConversation(g.ctx, me, newest.ID)
		g.must(err)

		some := "some"
		list, err := g.CreateList(g.ctx, me, ListOptions{Title: &some})
		g.must(err)
		g.must(g.AddToList(g.ctx, me, list.ID, []int64{other.ID}))
		moderator := g.account("moderator")
		_, err = g.SetMemberRole(g.ctx, ByCommand(""), "moderator", store.RoleModerator)
		g.must(err)
		moderator, _, err = g.SessionAccount(g.ctx, moderator.ID)
		g.must(err)
		for n := range 24 {
			_, err := g.Report(g.ctx, g.account(fmt.Sprint("reporter", n)), Report{TargetID: muted.ID, Comment: "Sells things"})
			g.must(err)
		}
		page := func(want int) func(posts []*Post, err error) error {
			return func(posts []*Post, err error) error {
				if len(posts) != want {
					t.Errorf("%d posts, want %d", len(posts), want)
				}
				return err
			}
		}
		full, cursor := page(24), Cursor{Limit: 24}

		title := "one of others"
		_, err = g.CreateFilter(g.ctx, me, FilterChange{Title: &title, Contexts: FilterContexts, Keywords: []KeywordChange{{Keyword: &[]string{"another's"}[0]}}})
		g.must(err)
		me, _, err = g.SessionAccount(g.ctx, me.ID)
		g.must(err)
		bearer, _, err := g.TokenFor(g.ctx, g.app(t), me, "read")
		g.must(err)
		session := store.SessionRow{AccountID: me.ID, Hash: strings.Repeat("a", 64), ExpiresAt: 1 << 50}
		g.must(g.Store.PutSession(g.ctx, session))
		for _, of := range []struct {
			what string
			most int
			do   func() error
		}{
			{"whose session", 1, func() error {
				_, owner, _, err := g.Store.SessionByHash(g.ctx, me.ID, session.Hash)
				if acc, ok := owner.(*store.Account); !ok || acc.ID != me.ID || acc.Username != me.Username {
					t.Errorf("the session's owner is %+v", owner)
				}
				return err
			}},
			{"whose session elsewhere", 1, func() error { _, _, err := g.SessionAccount(g.ctx, me.ID); return err }},
			{"whose token", 1, func() error { _, _, _, err := g.TokenByBearer(g.ctx, bearer); return err }},
			// Who posted and boosted last, the page, accounts, photos.
			{"home feed", 4, func() error {
				posts, err := g.HomeFeed(g.ctx, me, Cursor{Limit: 24})
				if len(posts) != 24 || posts[0].ID != newest.ID || posts[0].Booster == nil || !posts[0].Bookmarked || !posts[0].Muted || len(posts[0].Filtered) != 1 {
					t.Errorf("%d posts", len(posts))
				}
				for _, p := range posts {
					if p.AuthorID == muted.ID {
						t.Error("who is muted is on the page")
					}
				}
				return err
			}},
			// What is known of photos (see store.photoCache) is not read again.
			{"public feed", 2, func() error { _, err := g.PublicFeed(g.ctx, me, Cursor{}); return err }},
			// Whether the reader may see the profile, its posts, its boosts, accounts.
			{"profile", 4, func() error { return full(g.AccountFeed(g.ctx, me, third.ID, AccountFeedOptions{}, cursor)) }},
			{"profile, for a moderator", 4, func() error { return full(g.AccountFeed(g.ctx, moderator, third.ID, AccountFeedOptions{}, cursor)) }},
			{"tag", 3, func() error { return full(g.TagFeed(g.ctx, me, "hill", cursor)) }},
			// Words that begin so, what has them, which of that the reader may see, the posts, accounts.
			{"search", 5, func() error { return full(g.SearchPosts(g.ctx, me, PostSearch{Text: "hill", Cursor: cursor})) }},
			{"list", 4, func() error { return full(g.ListFeed(g.ctx, me, list.ID, cursor)) }},
			{"bookmarks", 3, func() error {
				posts, _, _, err := g.BookmarkedPosts(g.ctx, me, cursor)
				return full(posts, err)
			}},
			{"boosts", 4, func() error {
				posts, _, _, err := g.BoostedPosts(g.ctx, other, cursor)
				return full(posts, err)
			}},
			{"notifications", 4, func() error {
				all, err := g.Notifications(g.ctx, third, NotificationFilter{}, cursor)
				if len(all) != 24 || all[0].Post == nil {
					t.Errorf("%d notifications", len(all))
				}
				return err
			}},
			{"reports, for a moderator", 2, func() error {
				all, err := g.ReportsOf(g.ctx, moderator, ReportSearch{State: store.ReportOpen}, cursor)
				if len(all) != 24 {
					t.Errorf("%d reports", len(all))
				}
				return err
			}},
			// The album, its owner, its photos' ids, their posts, authors, and photos.
			{"an album", 6, func() error {
				al, err := g.AlbumByID(g.ctx, me, album)
				g.must(err)
				items, total, err := g.AlbumItems(g.ctx, me, al, 0, 40)
				if len(items) != 3 || total != 3 {
					t.Errorf("%d of %d photos", len(items), total)
				}
				return err
			}},
			// The albums of two visibilities, owners, covers, their posts, and authors.
			{"a list of albums", 6, func() error {
				albums, err := g.Albums(g.ctx, me, Cursor{})
				if len(albums) != 3 || albums[0].Cover == nil {
					t.Errorf("%d albums", len(albums))
				}
				return err
			}},
			{"post and comments", 3, func() error { _, _, err := g.PostWithComments(g.ctx, me, post.ID, Cursor{}); return err }},
			// The post and two accounts are locked; the like, a notification, two events and a count; BEGIN and COMMIT.
			{"like", 11, func() error { _, err := g.SetLike(g.ctx, me, post.ID, true); return err }},
			{"like again", 5, func() error { _, err := g.SetLike(g.ctx, me, post.ID, true); return err }},
			{"unlike", 8, func() error { _, err := g.SetLike(g.ctx, me, post.ID, false); return err }},
			// The windows of that length began in 1970.
			{"a limit", 3, func() error { return g.Allow(g.ctx, "a bucket", Limit{Count: 9, Window: 1 << 62}) }},
			{"and its next try", 2, func() error { return g.Allow(g.ctx, "a bucket", Limit{Count: 9, Window: 1 << 62}) }},
		} {
			got := a.during(func() { g.must(of.do()) })
			if len(got) != of.most {
				t.Errorf("%s: %d statements, want %d:\n%s", of.what, len(got), of.most, strings.Join(got, "\n"))
			}
		}
	})
}

// app is a client.
func (g *testSite) app(t *testing.T) *store.App {
	t.Helper()
	app, _, err := g.CreateApp(g.ctx, NewApp{Name: "app", RedirectURIs: []string{OutOfBand}, Scopes: "read push"})
	g.must(err)
	return app
}

// What an act answers is what a reader finds.
func TestAnActAnswersWhatIsThere(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		post := g.post(ann, store.Public, "A #tag for @bob")
		same := func(what string, got *Post, viewer *store.Account) {
			t.Helper()
			want, err := g.PostByID(g.ctx, viewer, got.ID)
			g.must(err)
			if got.Post != want.Post && !samePost(got, want) {
				t.Errorf("%s:\ngot  %+v\nwant %+v", what, got.Post, want.Post)
			}
			if len(got.Photos) != len(want.Photos) || len(got.Tags) != len(want.Tags) || len(got.Mentions) != len(want.Mentions) || got.Author.ID != want.Author.ID {
				t.Errorf("%s: %d photos, %d tags, %d mentions", what, len(got.Photos), len(got.Tags), len(got.Mentions))
			}
		}
		same("publish", post, ann)
		for _, act := range []struct {
			what  string
			do    func() (*Post, error)
			likes int
			liked bool
		}{
			{"like", func() (*Post, error) { return g.Like(g.ctx, bob, post.ID) }, 1, true},
			{"like again", func() (*Post, error) { return g.Like(g.ctx, bob, post.ID) }, 1, true},
			{"another's unlike", func() (*Post, error) { return g.Unlike(g.ctx, ann, post.ID) }, 1, false},
			{"unlike", func() (*Post, error) { return g.Unlike(g.ctx, bob, post.ID) }, 0, false},
			{"unlike again", func() (*Post, error) { return g.Unlike(g.ctx, bob, post.ID) }, 0, false},
		} {
			got, err := act.do()
			g.must(err)
			if got.LikesCount != act.likes || got.Liked != act.liked {
				t.Errorf("%s: %d likes, liked %v", act.what, got.LikesCount, got.Liked)
			}
			if viewer := bob; act.what != "another's unlike" {
				same(act.what, got, viewer)
			}
		}
		comment := g.comment(bob, post.ID, "For @ann")
		same("comment", comment, bob)
		reply := g.comment(ann, comment.ID, "And back")
		same("reply", reply, ann)
	})
}

// samePost compares rows by what their pointers lead to.
func samePost(a, b *Post) bool {
	p, q := a.Post, b.Post
	for _, of := range []struct{ a, b **int64 }{{&p.RootID, &q.RootID}, {&p.InReplyToID, &q.InReplyToID}, {&p.InReplyToAuthorID, &q.InReplyToAuthorID}, {&p.AppID, &q.AppID}} {
		if (*of.a == nil) != (*of.b == nil) || *of.a != nil && **of.a != **of.b {
			return false
		}
		*of.a, *of.b = nil, nil
	}
	if p.EditedAt != nil || q.EditedAt != nil || p.DeletedAt != nil || q.DeletedAt != nil {
		return false // none of these acts edits or deletes
	}
	return p == q
}

// Whoever likes a post while its author withdraws it from them waits for that, and is refused.
func TestALikeMeetsAWithdrawal(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		for range 10 {
			post := g.post(ann, store.Public, "now you see me")
			held, like := make(chan struct{}), make(chan error, 1)
			go func() {
				<-held
				_, err := g.Like(g.ctx, bob, post.ID)
				like <- err
			}()
			g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
				row, err := tx.LockPost(ctx, post.ID)
				if err != nil {
					return err
				}
				select {
				case <-held: // this try is another one
				default:
					close(held)
				}
				time.Sleep(20 * time.Millisecond) // mostly enough for the like to come and wait, which nothing shows
				row.Visibility = store.Followers
				return tx.UpdatePost(ctx, row)
			}))
			if err := <-like; !errors.Is(err, ErrNotFound) {
				t.Fatalf("the like: %v", err)
			}
			now, err := g.PostByID(g.ctx, ann, post.ID)
			g.must(err)
			if now.LikesCount != 0 {
				t.Fatalf("%d likes", now.LikesCount)
			}
		}
	})
}

// To lock a post that one may see locks nothing that was looked at for that.
func TestLockSeenPostLocksThePostAlone(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		if g.Store.Dialect() == "sqlite" {
			return // where a transaction is the only one that writes
		}
		ann, bob := g.account("ann"), g.account("bob")
		_, err := g.Follow(g.ctx, bob, ann.ID)
		g.must(err)
		post := g.post(ann, store.Followers, "for friends")
		g.comment(bob, post.ID, "nice")
		g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
			p, err := tx.LockSeenPost(ctx, bob, post.ID)
			if err != nil || p.Liked {
				t.Errorf("%+v, %v", p, err)
				return err
			}
			// Each would wait for the lock until the server gives up.
			g.must(g.Store.SetRole(g.ctx, ann.ID, store.RoleMember))
			g.must(g.Store.SetRole(g.ctx, bob.ID, store.RoleMember))
			_, err = g.Unfollow(g.ctx, bob, ann.ID)
			g.must(err)
			return nil
		}))
	})
}

// A page asks for the number of unread notifications only of who may have some.
func TestAllRead(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		session := store.SessionRow{AccountID: ann.ID, Hash: strings.Repeat("a", 64), ExpiresAt: 1 << 50}
		g.must(g.Store.PutSession(g.ctx, session))
		read := func() bool {
			t.Helper()
			acc, ok, err := g.SessionAccount(g.ctx, ann.ID)
			g.must(err)
			_, owner, _, err := g.Store.SessionByHash(g.ctx, ann.ID, session.Hash)
			g.must(err)
			if !ok || owner.(*store.Account).AllRead != acc.AllRead {
				t.Fatalf("%v, %+v", ok, owner)
			}
			return acc.AllRead
		}
		if !read() {
			t.Error("nothing was told yet, and it is unread")
		}
		post := g.post(ann, store.Public, "x")
		_, err := g.Like(g.ctx, bob, post.ID)
		g.must(err)
		if read() {
			t.Error("a like is not unread")
		}
		g.must(g.MarkNotificationsRead(g.ctx, ann, 0))
		if !read() {
			t.Error("what was read is unread")
		}
		at := store.Millis(1)
		g.must(g.Store.SetSuspended(g.ctx, ann.ID, &at))
		if _, owner, found, err := g.Store.SessionByHash(g.ctx, ann.ID, session.Hash); owner != nil || !found || err != nil {
			t.Errorf("a suspended member's session: %+v, %v, %v", owner, found, err)
		}
	})
}
