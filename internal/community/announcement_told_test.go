package community

import (
	"slices"
	"strings"
	"testing"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// Of "where do we meet?" those hear who announce, and of the answer who asked. Nobody hears of an own comment, or of somebody whom
// a block keeps apart, and nobody of a comment that was removed.
func TestCommentsOnAnnouncementsAreTold(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		boss := c.account("boss", func(a *store.Account) { a.Role = store.RoleOwner })
		mod := c.account("mod", func(a *store.Account) { a.Role = store.RoleModerator })
		ann, bob, eve := c.account("ann"), c.account("bob"), c.account("eve")
		by := By{Account: boss, Via: ViaPage}
		walk, err := c.Announce(c.ctx, by, NewAnnouncement{Text: "We walk on Sunday."})
		c.expectErr("", err, nil)
		_, err = c.Block(c.ctx, bob, eve.ID)
		c.expectErr("", err, nil)
		say := func(a *store.Account, text string) int64 {
			t.Helper()
			id, err := c.CommentOnAnnouncement(c.ctx, a, walk.ID, text, "form "+text)
			c.expectErr(text, err, nil)
			return id
		}
		told := func(whom *store.Account, want ...string) {
			t.Helper()
			list, err := c.Notifications(c.ctx, whom, NotificationFilter{OnPage: true}, Cursor{})
			c.expectErr("notifications", err, nil)
			if unread, err := c.UnreadNotifications(c.ctx, whom, NotificationFilter{OnPage: true}); err != nil || unread != len(list) {
				t.Errorf("@%s has %d unread (%v), and %d on the page", whom.Username, unread, err, len(list))
			}
			got := []string{}
			for _, n := range slices.Backward(list) {
				if n.Kind == store.NotifyAnnouncement {
					got = append(got, n.From.Username+": "+n.Comment.Text)
				}
				if title, path := pushTitle(lang.Find(lang.English), whom, n), pushPath(n); !strings.HasSuffix(title, " commented on an announcement") || !strings.HasPrefix(path, "/announcements/") || pushBody(n) != n.Comment.Text {
					t.Errorf("%q leads to %s", title, path)
				}
			}
			c.expect("@"+whom.Username+" is told", got, append([]string{}, want...))
			if apps, err := c.Notifications(c.ctx, whom, NotificationFilter{}, Cursor{}); err != nil || len(apps) != 0 {
				t.Errorf("applications are told %v %v", apps, err)
			}
		}
		asked := say(ann, "Where do we meet?")
		say(ann, "Where do we meet?") // the form once more
		rude := say(eve, "Nowhere, fool.")
		say(bob, "At the bridge.")
		told(boss, "ann: Where do we meet?", "eve: Nowhere, fool.", "bob: At the bridge.")
		told(ann, "eve: Nowhere, fool.", "bob: At the bridge.")
		told(bob)
		told(eve)
		told(mod)
		say(boss, "At nine.")
		told(bob, "boss: At nine.")
		c.expectErr("", c.RemoveAnnouncementComment(c.ctx, by, rude, Sanction{}), nil)
		told(ann, "bob: At the bridge.", "boss: At nine.")
		told(boss, "ann: Where do we meet?", "bob: At the bridge.")
		c.expectErr("", c.ChooseNotifications(c.ctx, ann, []NotificationChoice{{NotificationKind{Kind: store.NotifyAnnouncement}, false, false, false}}), nil)
		told(ann)
		if say(ann, "Fine.") == asked {
			t.Error("another comment is the first one")
		}
	})
}
