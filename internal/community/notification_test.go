package community

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
)

// post makes a post without photographs.
func (c *circle) post(author *store.Account, v store.Visibility, caption string) *store.Post {
	c.t.Helper()
	p := &store.Post{ID: c.Store.NewID(), AuthorID: author.ID, Kind: store.KindPost, Home: true, Listed: v == store.Public, Visibility: v, Caption: caption, CreatedAt: 1}
	if err := c.Store.Tx(c.ctx, func(ctx context.Context, tx *store.Store) error { return tx.CreatePost(ctx, p) }); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// tell tells whom what from did to the post.
func (c *circle) tell(kind string, from *store.Account, p *store.Post, whom *store.Account) {
	c.t.Helper()
	err := c.Store.Tx(c.ctx, func(ctx context.Context, tx *store.Store) error {
		return notify(ctx, tx, store.Notification{AccountID: whom.ID, FromID: from.ID, Kind: kind, PostID: &p.ID, CreatedAt: 1})
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// list shows notifications as "kind from", newest first.
func (c *circle) list(a *store.Account, f NotificationFilter, p Cursor) []string {
	c.t.Helper()
	list, err := c.Notifications(c.ctx, a, f, p)
	if err != nil {
		c.t.Fatal(err)
	}
	out := []string{}
	for _, n := range list {
		out = append(out, n.Kind+" "+n.From.Username)
		if n.PostID != nil && (n.Post == nil || n.Post.ID != *n.PostID) {
			c.t.Errorf("notification %d comes without its post", n.ID)
		}
	}
	return out
}

func TestNotifications(t *testing.T) { onEach(t, testNotifications) }

func testNotifications(t *testing.T, c *circle) {
	ann, bob, cid := c.account("ann"), c.account("bob"), c.account("cid")
	open, closed := c.post(ann, store.Public, "harbour"), c.post(cid, store.Followers, "kitchen")
	if _, err := c.Follow(c.ctx, bob, ann.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.tell(store.NotifyLike, bob, open, ann) // once, however often
	}
	c.tell(store.NotifyLike, ann, open, ann) // oneself
	c.tell(store.NotifyLike, cid, open, ann)
	if _, err := c.Follow(c.ctx, ann, cid.ID); err != nil {
		t.Fatal(err)
	}
	c.tell(store.NotifyMention, cid, closed, ann)
	all := []string{"mention cid", "favourite cid", "favourite bob", "follow bob"}
	c.expect("all", c.list(ann, NotificationFilter{}, Cursor{}), all)
	c.expect("likes", c.list(ann, NotificationFilter{Types: []string{store.NotifyLike}}, Cursor{}), all[1:3])
	c.expect("no likes", c.list(ann, NotificationFilter{Exclude: []string{store.NotifyLike, store.NotifyFollowRequest}}, Cursor{}), []string{all[0], all[3]})
	c.expect("from cid", c.list(ann, NotificationFilter{FromID: cid.ID}, Cursor{}), all[:2])

	list, err := c.Notifications(c.ctx, ann, NotificationFilter{}, Cursor{Limit: 2})
	c.expectErr("page", err, nil)
	c.expect("second page", c.list(ann, NotificationFilter{}, Cursor{Limit: 2, MaxID: list[1].ID}), all[2:])
	c.expect("upwards", c.list(ann, NotificationFilter{}, Cursor{Limit: 1, MinID: list[1].ID}), all[:1])

	unread := func() int {
		t.Helper()
		n, err := c.UnreadNotifications(c.ctx, ann, NotificationFilter{})
		c.expectErr("unread", err, nil)
		return n
	}
	c.expect("unread", unread(), 4)
	if err := c.MarkNotificationsRead(c.ctx, ann, list[1].ID); err != nil {
		t.Fatal(err)
	}
	c.expect("unread after three are read", unread(), 1)
	if err := c.MarkNotificationsRead(c.ctx, ann, 1); err != nil {
		t.Fatal(err)
	}
	c.expect("reading does not go back", unread(), 1)
	if err := c.MarkNotificationsRead(c.ctx, ann, 0); err != nil {
		t.Fatal(err)
	}
	c.expect("unread after all are read", unread(), 0)

	one, err := c.Notification(c.ctx, ann, list[0].ID)
	c.expectErr("one", err, nil)
	c.expect("one", one.Post.Caption, "kitchen")
	_, err = c.Notification(c.ctx, bob, list[0].ID)
	c.expectErr("another's", err, ErrNotFound)
	c.expectErr("dismiss another's", c.DismissNotification(c.ctx, bob, list[0].ID), ErrNotFound)

	// What ann may not see any more is not listed, counted or found.
	if _, err := c.Unfollow(c.ctx, ann, cid.ID); err != nil {
		t.Fatal(err)
	}
	c.expect("without the followers' post", c.list(ann, NotificationFilter{}, Cursor{}), all[1:])
	_, err = c.Notification(c.ctx, ann, list[0].ID)
	c.expectErr("about a post one may not see", err, ErrNotFound)
	at := store.Millis(1)
	if err := c.Store.SetSuspended(c.ctx, cid.ID, &at); err != nil {
		t.Fatal(err)
	}
	c.expect("without the suspended", c.list(ann, NotificationFilter{}, Cursor{}), all[2:])
	c.tell(store.NotifyMention, cid, open, ann)
	c.expect("the suspended tell nothing", c.list(ann, NotificationFilter{}, Cursor{}), all[2:])
	if _, err := c.Block(c.ctx, ann, bob.ID); err != nil {
		t.Fatal(err)
	}
	c.tell(store.NotifyLike, bob, open, ann)
	c.expect("without the blocked", c.list(ann, NotificationFilter{}, Cursor{}), []string{})

	if err := c.Store.SetSuspended(c.ctx, cid.ID, nil); err != nil {
		t.Fatal(err)
	}
	c.expect("after the suspension", c.list(ann, NotificationFilter{}, Cursor{}), []string{"favourite cid"})
	list, err = c.Notifications(c.ctx, ann, NotificationFilter{}, Cursor{})
	c.expectErr("list", err, nil)
	if err := c.DismissNotification(c.ctx, ann, list[0].ID); err != nil {
		t.Fatal(err)
	}
	c.expect("dismissed", c.list(ann, NotificationFilter{}, Cursor{}), []string{})
	c.tell(store.NotifyLike, cid, open, ann)
	if err := c.ClearNotifications(c.ctx, ann); err != nil {
		t.Fatal(err)
	}
	c.expect("cleared", c.told(ann), []string{})
}

func TestUnreadIsBounded(t *testing.T) { onEach(t, testUnreadIsBounded) }

func testUnreadIsBounded(t *testing.T, c *circle) {
	ann, bob := c.account("ann"), c.account("bob")
	err := c.Store.Tx(c.ctx, func(ctx context.Context, tx *store.Store) error {
		for range MaxUnread + 5 {
			if _, err := tx.AddNotification(ctx, store.Notification{AccountID: ann.ID, FromID: bob.ID, Kind: store.NotifyFollow, CreatedAt: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := c.UnreadNotifications(c.ctx, ann, NotificationFilter{})
	c.expectErr("unread", err, nil)
	c.expect("unread", n, MaxUnread)
}

func TestReports(t *testing.T) { onEach(t, testReports) }

func testReports(t *testing.T, c *circle) {
	c.setDefaults(func(s *Site) { s.ReportLimit = Limit{Count: 3, Window: 1000 * time.Hour} })
	admin := c.account("admin", func(a *store.Account) { a.Role = store.RoleAdmin })
	ann, bob := c.account("ann"), c.account("bob", func(a *store.Account) { a.DisplayName, a.Note = "Bob", "sells things" })
	open, closed := c.post(bob, store.Public, "rude "+strings.Repeat("ö", 2000)), c.post(bob, store.Followers, "secret")

	first, err := c.Report(c.ctx, ann, Report{PostID: open.ID, Comment: "  This is rude. "})
	c.expectErr("report a post", err, nil)
	c.expect("target", first.TargetID, bob.ID)
	c.expect("comment", first.Comment, "This is rude.")
	if n := len([]rune(first.Excerpt)); n != maxExcerpt || !strings.HasPrefix(first.Excerpt, "rude ö") {
		t.Errorf("the excerpt has %d characters", n)
	}
	if _, err := c.Block(c.ctx, ann, bob.ID); err != nil {
		t.Fatal(err)
	}
	second, err := c.Report(c.ctx, ann, Report{TargetID: bob.ID})
	c.expectErr("report whom one has blocked", err, nil)
	c.expect("excerpt", second.Excerpt, "Bob\n\nsells things")
	c.expect("the administrator is told of each", c.list(admin, NotificationFilter{}, Cursor{}), []string{"admin.report ann", "admin.report ann"})
	told, err := c.Notifications(c.ctx, admin, NotificationFilter{}, Cursor{})
	c.expectErr("an administrator's notifications", err, nil)
	for kind := range moderatorsKinds {
		if kind == store.NotifyReport {
			continue
		}
		_, err := c.Store.AddNotification(c.ctx, store.Notification{AccountID: admin.ID, FromID: ann.ID, Kind: kind, CreatedAt: 1})
		c.expectErr("tell of "+kind, err, nil)
	}
	member := *admin
	member.Role = store.RoleMember
	for _, f := range []NotificationFilter{{}, {OnPage: true}, {Types: []string{store.NotifyReport}}} {
		c.expect("who administers no more is told", c.list(&member, f, Cursor{}), []string{})
		n, err := c.UnreadNotifications(c.ctx, &member, f)
		c.expectErr("unread", err, nil)
		c.expect("unread of who administers no more", n, 0)
	}
	_, err = c.Notification(c.ctx, &member, told[0].ID)
	c.expectErr("one by its id", err, ErrNotFound)
	page, err := c.NotificationGroups(c.ctx, &member, NotificationFilter{OnPage: true}, Cursor{})
	c.expectErr("the page", err, nil)
	c.expect("rows of the page", len(page.Groups), 0)

	var invalid *Invalid
	var tooMany *TooMany
	if _, err := c.Report(c.ctx, ann, Report{TargetID: ann.ID}); !errors.As(err, &invalid) {
		t.Errorf("oneself: %v", err)
	}
	if _, err := c.Report(c.ctx, ann, Report{TargetID: bob.ID, Comment: strings.Repeat("x", 1001)}); !errors.As(err, &invalid) || invalid.Fields[0].Field != "comment" {
		t.Errorf("too long: %v", err)
	}
	cid := c.account("cid")
	_, err = c.Report(c.ctx, cid, Report{PostID: closed.ID})
	c.expectErr("a post one may not see", err, ErrNotFound)
	_, err = c.Report(c.ctx, cid, Report{PostID: open.ID, TargetID: ann.ID})
	c.expectErr("a post of somebody else", err, ErrNotFound)
	_, err = c.Report(c.ctx, bob, Report{TargetID: ann.ID})
	c.expectErr("who has blocked one", err, ErrNotFound)
	if _, err := c.Report(c.ctx, ann, Report{TargetID: cid.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Report(c.ctx, ann, Report{TargetID: cid.ID}); !errors.As(err, &tooMany) || tooMany.RetryAfter <= 0 {
		t.Errorf("past the limit: %v", err)
	}

	for _, f := range []func(*store.Account) error{
		func(a *store.Account) error { _, err := c.Reports(c.ctx, a, "", Cursor{}); return err },
		func(a *store.Account) error { _, err := c.ReportByID(c.ctx, a, first.ID); return err },
		func(a *store.Account) error {
			_, err := c.CloseReport(c.ctx, By{Account: a, Via: ViaPage}, first.ID)
			return err
		},
		func(a *store.Account) error { _, err := c.OpenReports(c.ctx, a); return err },
	} {
		c.expectErr("a member", f(ann), ErrForbidden)
		c.expectErr("a visitor", f(nil), ErrUnauthenticated)
	}
	n, err := c.OpenReports(c.ctx, admin)
	c.expectErr("count", err, nil)
	c.expect("open", n, 3)
	shut, err := c.CloseReport(c.ctx, By{Account: admin, Via: ViaPage}, first.ID)
	c.expectErr("close", err, nil)
	if shut.State != store.ReportClosed || shut.ClosedBy.Username != "admin" || shut.ClosedAt == nil || shut.Reporter.Username != "ann" ||
		shut.Target.Username != "bob" || shut.Post.ID != open.ID {
		t.Errorf("closed: %+v", shut)
	}
	other := c.account("other", func(a *store.Account) { a.Role = store.RoleAdmin })
	_, err = c.CloseReport(c.ctx, By{Account: other, Via: ViaPage}, first.ID)
	if wrong := new(Invalid); !errors.As(err, &wrong) || wrong.Error() != "@admin has already decided this." {
		t.Errorf("close again: %v", err)
	}
	again, err := c.ReportByID(c.ctx, other, first.ID)
	c.expectErr("look again", err, nil)
	c.expect("it stays as it was", again.ClosedBy.Username, "admin")
	_, err = c.CloseReport(c.ctx, By{Account: admin, Via: ViaPage}, 1)
	c.expectErr("none", err, ErrNotFound)
	list, err := c.Reports(c.ctx, admin, store.ReportOpen, Cursor{Limit: 1})
	c.expectErr("list", err, nil)
	list, err = c.Reports(c.ctx, admin, store.ReportOpen, Cursor{MaxID: list[0].ID})
	c.expectErr("list", err, nil)
	if len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("the second page: %v", list)
	}
	list, err = c.Reports(c.ctx, admin, store.ReportClosed, Cursor{})
	c.expectErr("list", err, nil)
	if len(list) != 1 || list[0].ID != first.ID {
		t.Errorf("closed: %v", list)
	}

	// Who moderates and is reported does not learn by whom, and does not decide.
	mod := c.account("mod", func(a *store.Account) { a.Role = store.RoleModerator })
	about, err := c.Report(c.ctx, bob, Report{TargetID: mod.ID})
	c.expectErr("report a moderator", err, nil)
	c.expect("told of it", c.list(mod, NotificationFilter{}, Cursor{}), []string(nil))
	for _, f := range []func(*store.Account) error{
		func(a *store.Account) error { _, err := c.ReportByID(c.ctx, a, about.ID); return err },
		func(a *store.Account) error {
			_, err := c.CloseReport(c.ctx, By{Account: a, Via: ViaPage}, about.ID)
			return err
		},
	} {
		c.expectErr("a report about oneself", f(mod), ErrForbidden)
	}
	mine, err := c.Reports(c.ctx, mod, "", Cursor{})
	c.expectErr("the moderator's list", err, nil)
	for _, r := range mine {
		if r.ID == about.ID {
			t.Error("the list of a moderator has a report about them")
		}
	}
	_, err = c.CloseReport(c.ctx, By{Account: admin, Via: ViaPage}, about.ID)
	c.expectErr("somebody else decides", err, nil)
}
