package community

import (
	"fmt"
	"testing"
	"time"

	"tintype/internal/store"
)

// What several people did to the same post is one row. What somebody wrote is a row of its own.
func TestNotificationsThatShareARow(t *testing.T) {
	day := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	id := int64(0)
	n := func(kind string, post int64, at time.Time) *store.Notification {
		id++
		out := &store.Notification{ID: id, Kind: kind, CreatedAt: store.ToMillis(at)}
		if post != 0 {
			out.PostID = &post
		}
		return out
	}
	waits := n(store.NotifySignUp, 0, day)
	waits.FromWaits = true
	for name, test := range map[string]struct {
		a, b *store.Notification
		same bool
	}{
		"likes of one post":       {n(store.NotifyLike, 1, day), n(store.NotifyLike, 1, day.AddDate(0, 0, -3)), true},
		"likes of two posts":      {n(store.NotifyLike, 1, day), n(store.NotifyLike, 2, day), false},
		"comments on one post":    {n(store.NotifyMention, 1, day), n(store.NotifyMention, 1, day), false},
		"follows of one day":      {n(store.NotifyFollow, 0, day), n(store.NotifyFollow, 0, day.Add(time.Hour)), true},
		"follows of two days":     {n(store.NotifyFollow, 0, day), n(store.NotifyFollow, 0, day.AddDate(0, 0, 1)), false},
		"requests to follow":      {n(store.NotifyFollowRequest, 0, day), n(store.NotifyFollowRequest, 0, day), false},
		"who joined in a day":     {n(store.NotifySignUp, 0, day), n(store.NotifySignUp, 0, day), true},
		"who joined, and follows": {n(store.NotifySignUp, 0, day), n(store.NotifyFollow, 0, day), false},
		"who waits, in a day":     {waits, waits, true},
		"who waits, and joined":   {waits, n(store.NotifySignUp, 0, day), false},
		"reports about one post":  {n(store.NotifyReport, 1, day), n(store.NotifyReport, 1, day), false},
	} {
		a, b := notificationGroup(test.a), notificationGroup(test.b)
		if same := a == b; same != test.same {
			t.Errorf("%s: %q and %q share a row: %v", name, a, b, same)
		}
	}
}

// However many people like a post, it is one row of one page, which costs no more statements for more rows. Every page says
// where the next begins, both ways.
func TestAPostThatManyLikeIsOneRow(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann := g.account("ann")
		first, second := g.post(ann, store.Public, "a bridge"), g.post(ann, store.Public, "a shore")
		const many = notificationRows + 30
		var people []*store.Account
		notify := func(n store.Notification) {
			t.Helper()
			_, err := g.Store.AddNotification(g.ctx, n)
			g.must(err)
		}
		for i := range many {
			bob := g.account(fmt.Sprintf("bob%d", i))
			people = append(people, bob)
			notify(store.Notification{AccountID: ann.ID, FromID: bob.ID, Kind: store.NotifyLike, PostID: &first.ID})
		}
		for i := range 3 {
			notify(store.Notification{AccountID: ann.ID, FromID: people[i].ID, Kind: store.NotifyBoost, PostID: &second.ID})
		}
		g.comment(people[7], second.ID, "Fine")
		newest, last := people[many-1], people[many-2]
		says := func(p *NotificationPage, want ...string) {
			t.Helper()
			var got []string
			for _, gr := range p.Groups {
				got = append(got, fmt.Sprintf("%s %d", gr.Latest.Kind, gr.Others))
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the page has %v, not %v", got, want)
			}
		}
		page := func(c Cursor) *NotificationPage {
			t.Helper()
			p, err := g.NotificationGroups(g.ctx, ann, NotificationFilter{OnPage: true}, c)
			g.must(err)
			return p
		}
		likes := fmt.Sprint("favourite ", many-1)
		all := page(Cursor{Limit: 40})
		says(all, "mention 0", "reblog 2", likes)
		if l := all.Groups[2]; l.Latest.From.ID != newest.ID || l.Before.ID != last.ID || len(l.Rows) != many || all.More {
			t.Errorf("the likes are of %s, before of %s, %d rows, and more: %v", l.Latest.From.Username, l.Before.Username, len(l.Rows), all.More)
		}
		two := page(Cursor{Limit: 2})
		says(two, "mention 0", "reblog 2")
		if !two.More {
			t.Error("a page of two says that there is no more")
		}
		rest := page(Cursor{Limit: 2, MaxID: two.Oldest})
		says(rest, likes)
		back := page(Cursor{Limit: 2, MinID: rest.Newest})
		says(back, "mention 0", "reblog 2")
		up := page(Cursor{Limit: 2, MinID: 1})
		says(up, "reblog 2", likes)
		if !up.More || up.Oldest != rest.Oldest {
			t.Errorf("upwards there is more: %v, from %d", up.More, up.Oldest)
		}
	})
}
