package community

import (
	"testing"

	"tintype/internal/store"
)

// readInApp has an application of the account say that it has read all notifications.
func (g *testSite) readInApp(acc *store.Account) {
	g.t.Helper()
	last, err := g.Store.NewestNotification(g.ctx, acc.ID)
	g.must(err)
	_, err = g.SetMarkers(g.ctx, acc, map[string]int64{store.TimelineNotifications: last})
	g.must(err)
}

// What is read in an application is read on pages, and the other way round. What only pages show, an application does not read.
func TestReadingIsOneThingEverywhere(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		post := g.post(ann, store.Public, "harbour")
		again := func() *store.Account {
			t.Helper()
			acc, ok, err := g.SessionAccount(g.ctx, ann.ID)
			if err != nil || !ok {
				t.Fatal(err)
			}
			return acc
		}
		unread := func(what string, pages, apps int) {
			t.Helper()
			acc := again()
			for _, f := range []NotificationFilter{{OnPage: true}, {}} {
				want := apps
				if f.OnPage {
					want = pages
				}
				n, err := g.UnreadNotifications(g.ctx, acc, f)
				g.must(err)
				if n != want {
					t.Errorf("%s: %d unread with OnPage %v, want %d", what, n, f.OnPage, want)
				}
			}
			if acc.AllRead != (pages == 0) {
				t.Errorf("%s: all read is %v", what, acc.AllRead)
			}
		}
		marker := func() int64 {
			t.Helper()
			ms, err := g.Markers(g.ctx, again(), []string{store.TimelineNotifications})
			g.must(err)
			if len(ms) == 0 {
				return 0
			}
			return ms[0].LastReadID
		}
		g.must(ignoring(g.Like(g.ctx, bob, post.ID)))
		g.comment(bob, post.ID, "one")
		unread("at first", 2, 2)
		g.readInApp(ann)
		unread("read in an app", 0, 0)
		g.comment(bob, post.ID, "two")
		unread("after another", 1, 1)
		g.must(g.MarkNotificationsRead(g.ctx, again(), 0))
		unread("read on the page", 0, 0)
		newest, err := g.Store.NewestNotification(g.ctx, ann.ID)
		g.must(err)
		if got := marker(); got != newest {
			t.Errorf("the marker is at %d, want %d", got, newest)
		}

		al, err := g.CreateAlbum(g.ctx, bob, AlbumForm{Title: "Harbours", Visibility: store.AlbumInvited, Adders: store.AddersInvited, Ordering: store.OrderNewest})
		g.must(err)
		g.must(g.InviteToAlbum(g.ctx, bob, al.ID, "ann"))
		g.comment(bob, post.ID, "three")
		unread("with an invitation", 2, 1)
		g.readInApp(ann)
		unread("an invitation that apps do not show", 1, 0)
		list, err := g.Notifications(g.ctx, again(), NotificationFilter{OnPage: true}, Cursor{})
		g.must(err)
		read, err := g.ReadMark(g.ctx, again())
		g.must(err)
		for _, n := range list {
			if read.Read(&n.Notification) == (n.Kind == store.NotifyAlbum) {
				t.Errorf("%s is read: %v", n.Kind, n.Kind != store.NotifyAlbum)
			}
		}
		title, word := "No fog", "fog"
		_, err = g.CreateFilter(g.ctx, ann, FilterChange{Title: &title, Hide: ptr(true), Contexts: []FilterContext{FilterNotifications}, Keywords: []KeywordChange{{Keyword: &word}}})
		g.must(err)
		g.comment(bob, post.ID, "fog")
		unread("with what a filter hides", 1, 1)
		g.must(g.MarkNotificationsRead(g.ctx, again(), 0))
		unread("all of it read on the page", 0, 0)

		// A marker from the future reads nothing that is not there yet, and one that goes back brings nothing back.
		for _, at := range []int64{1 << 61, 1} {
			_, err := g.SetMarkers(g.ctx, again(), map[string]int64{store.TimelineNotifications: at})
			g.must(err)
			if got := marker(); got != at {
				t.Errorf("the marker is at %d, want %d", got, at)
			}
			unread("after another marker", 0, 0)
		}
		_, err = g.SetMarkers(g.ctx, again(), map[string]int64{store.TimelineNotifications: 1 << 61})
		g.must(err)
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE markers SET updated_at = updated_at - 60000") // it was a minute ago
		g.must(err)
		g.comment(bob, post.ID, "after the marker from the future")
		unread("what came after it", 1, 1)
	})
}
