package community

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/queue"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func (c *circle) announcements(a *store.Account, withDismissed bool) []string {
	c.t.Helper()
	list, err := c.Announcements(c.ctx, a, withDismissed)
	c.expectErr("announcements", err, nil)
	texts := []string{}
	for _, one := range list {
		text := one.Text
		if one.Dismissed {
			text += " (dismissed)"
		}
		texts = append(texts, text)
	}
	return texts
}

// lastAct is the newest entry of the log.
func (c *circle) lastAct() store.AdminEntry {
	c.t.Helper()
	list, err := c.AdminLog(c.ctx, ByCommand(""), AdminLogSearch{}, Cursor{Limit: 1})
	if err != nil || len(list) != 1 {
		c.t.Fatal(list, err)
	}
	return list[0]
}

// runJob runs the job of a kind that is next, whenever it is due.
func (c *circle) runJob(kind string, run func(context.Context, *queue.Job) error) {
	c.t.Helper()
	if _, err := c.Store.SQL().ExecContext(c.ctx, "UPDATE jobs SET run_at = 0 WHERE kind = ?", kind); err != nil {
		c.t.Fatal(err)
	}
	jobs, err := JobBackend(c.Store).Claim(c.ctx, []string{kind}, 1, time.Minute)
	if err != nil || len(jobs) != 1 {
		c.t.Fatalf("%s: %d jobs, %v", kind, len(jobs), err)
	}
	if err := run(c.ctx, &jobs[0]); err != nil {
		c.t.Fatal(err)
	}
}

// Administrators announce at once or for later, put right, end and delete. Members see what stands until they dismiss it, each
// for themselves. Nobody else sees any of it.
func TestAnnouncements(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		boss := c.account("boss", func(a *store.Account) { a.Role = store.RoleAdmin })
		mod := c.account("mod", func(a *store.Account) { a.Role = store.RoleModerator })
		ann, bob := c.account("ann"), c.account("bob")
		at := store.Millis(1)
		hidden := c.account("hidden", func(a *store.Account) { a.SuspendedAt = &at })
		by := By{Account: boss, Via: ViaPage, Reason: "we walk"}
		_, err := c.Announce(c.ctx, By{Account: mod, Via: ViaPage}, NewAnnouncement{Text: "mine"})
		c.expectErr("a moderator announces", err, ErrForbidden)
		var bad *Invalid
		now := time.Now()
		past, soon, later := now.Add(-time.Hour), now.Add(time.Hour), now.Add(2*time.Hour)
		for what, n := range map[string]NewAnnouncement{
			"nothing": {Text: " \n "}, "a long text": {Text: strings.Repeat("x", MaxCaption+1)}, "an end without a beginning": {Text: "x", EndsAt: &soon},
			"an end before the beginning": {Text: "x", StartsAt: &later, EndsAt: &soon}, "an event that is over": {Text: "x", StartsAt: &past, EndsAt: &past},
			"one that is published after its end": {Text: "x", StartsAt: &soon, EndsAt: &soon, PublishAt: &later},
		} {
			if _, err := c.Announce(c.ctx, by, n); !errors.As(err, &bad) {
				t.Errorf("%s: %v", what, err)
			}
		}
		form := NewAnnouncement{Text: "We #walk on Sunday with @ann.", StartsAt: &soon, EndsAt: &later, IdempotencyKey: "k"}
		walk, err := c.Announce(c.ctx, by, form)
		c.expectErr("announce", err, nil)
		again, err := c.Announce(c.ctx, by, form)
		if err != nil || again.ID != walk.ID {
			t.Errorf("a form sent twice: %v %v", again, err)
		}
		if e := c.lastAct(); e.Act != "announcement.add" || e.Actor != "boss" || e.Reason != "we walk" || *e.RefID != walk.ID {
			t.Errorf("the log says %+v", e)
		}
		scheduled, err := c.Announce(c.ctx, by, NewAnnouncement{Text: "Later", PublishAt: &soon})
		c.expectErr("announce for later", err, nil)
		c.expect("what members see", c.announcements(ann, false), []string{walk.Text})
		_, err = c.AnnouncementByID(c.ctx, ann, scheduled.ID)
		c.expectErr("one that is not published", err, ErrNotFound)
		if err := c.FinishAnnouncement(c.ctx, by, scheduled.ID); !errors.As(err, &bad) || bad.Fields[0].Code != "scheduled" {
			t.Errorf("the end of one that is not published: %v", err)
		}
		_, err = c.AnnouncementByID(c.ctx, ann, scheduled.ID)
		c.expectErr("one that is called off", err, ErrNotFound)
		for what, viewer := range map[string]*store.Account{"a visitor": nil, "a suspended member": hidden} {
			_, err := c.Announcements(c.ctx, viewer, true)
			c.expectErr(what, err, ErrUnauthenticated)
			_, err = c.AnnouncementByID(c.ctx, viewer, walk.ID)
			c.expectErr(what, err, ErrUnauthenticated)
			c.expectErr(what, c.DismissAnnouncement(c.ctx, viewer, walk.ID), ErrUnauthenticated)
			_, err = c.CommentOnAnnouncement(c.ctx, viewer, walk.ID, "x", "")
			c.expectErr(what, err, ErrUnauthenticated)
		}
		one, err := c.AnnouncementByID(c.ctx, bob, walk.ID)
		c.expectErr("one", err, nil)
		if html := string(c.Render(one.Text, one.Mentions, one.Tags)); !strings.Contains(html, "/@ann") || !strings.Contains(html, "/tags/walk") {
			t.Errorf("without links: %s", html)
		}

		for range 2 {
			c.expectErr("dismiss", c.DismissAnnouncement(c.ctx, ann, walk.ID), nil)
		}
		c.expectErr("dismiss what is not there", c.DismissAnnouncement(c.ctx, ann, 1), ErrNotFound)
		c.expectErr("dismiss what is not published", c.DismissAnnouncement(c.ctx, ann, scheduled.ID), ErrNotFound)
		c.expect("after ann dismissed it", c.announcements(ann, false), []string{})
		c.expect("with what she dismissed", c.announcements(ann, true), []string{walk.Text + " (dismissed)"})
		c.expect("for bob", c.announcements(bob, false), []string{walk.Text})

		c.expectErr("edit", c.EditAnnouncement(c.ctx, by, walk.ID, NewAnnouncement{Text: "We walk on Monday.", StartsAt: &soon, EndsAt: &later}), nil)
		c.expect("after the edit", c.announcements(bob, false), []string{"We walk on Monday."})
		c.expect("dismissed before", c.announcements(ann, false), []string{})
		entries := c.lastAct().ID
		c.expectErr("an edit that changes nothing", c.EditAnnouncement(c.ctx, by, walk.ID, NewAnnouncement{Text: "We walk on Monday.", StartsAt: &soon, EndsAt: &later}), nil)
		c.expect("no entry for nothing", c.lastAct().ID, entries)

		// The moment comes.
		row := *scheduled
		row.PublishAt = store.ToMillis(past)
		c.expectErr("", c.Store.SetAnnouncement(c.ctx, row), nil)
		c.expect("when its moment has come", c.announcements(bob, false), []string{"We walk on Monday.", "Later"})

		for range 2 {
			c.expectErr("end", c.FinishAnnouncement(c.ctx, by, walk.ID), nil)
		}
		c.expect("after the end", c.announcements(bob, false), []string{"Later"})
		if one, err := c.AnnouncementByID(c.ctx, bob, walk.ID); err != nil || one.State(now) != AnnouncementOver {
			t.Errorf("one that is over: %v", err)
		}
		_, err = c.CommentOnAnnouncement(c.ctx, bob, walk.ID, "It was fine.", "")
		c.expectErr("comment", err, nil)
		c.expectErr("react", c.ReactToAnnouncement(c.ctx, bob, walk.ID, "👍", true), nil)
		c.expectErr("delete by a moderator", c.DeleteAnnouncement(c.ctx, By{Account: mod, Via: ViaPage}, walk.ID), ErrForbidden)
		c.expectErr("delete", c.DeleteAnnouncement(c.ctx, by, walk.ID), nil)
		_, err = c.AnnouncementByID(c.ctx, bob, walk.ID)
		c.expectErr("one that is deleted", err, ErrNotFound)
		_, err = c.CommentOnAnnouncement(c.ctx, bob, walk.ID, "x", "")
		c.expectErr("comment on it", err, ErrNotFound)
		c.runJob(jobAnnouncementDelete, c.runAnnouncementDelete)
		for _, table := range []string{"announcements WHERE id <> ?", "announcement_marks WHERE announcement_id <> ?", "announcement_comments WHERE announcement_id <> ?"} {
			var left int
			if err := c.Store.SQL().QueryRowContext(c.ctx, "SELECT COUNT(*) FROM "+table, scheduled.ID).Scan(&left); err != nil || left != 0 {
				t.Errorf("%d rows left in %s, %v", left, table, err)
			}
		}
		for n := 1; n < MaxAnnouncements; n++ {
			_, err := c.Announce(c.ctx, by, NewAnnouncement{Text: "one of many"})
			c.expectErr("many", err, nil)
		}
		if _, err := c.Announce(c.ctx, by, NewAnnouncement{Text: "too many"}); !errors.As(err, &bad) {
			t.Errorf("one more than may stand: %v", err)
		}
	})
}

// Members ask each other below an announcement. What is said there follows the rules of comments.
func TestCommentsOnAnnouncements(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		boss := c.account("boss", func(a *store.Account) { a.Role = store.RoleOwner })
		mod := c.account("mod", func(a *store.Account) { a.Role = store.RoleModerator })
		ann, bob, eve := c.account("ann"), c.account("bob"), c.account("eve")
		walk, err := c.Announce(c.ctx, By{Account: boss, Via: ViaPage}, NewAnnouncement{Text: "We walk on Sunday."})
		c.expectErr("", err, nil)
		var bad *Invalid
		for _, text := range []string{" ", strings.Repeat("x", MaxComment+1)} {
			if _, err := c.CommentOnAnnouncement(c.ctx, ann, walk.ID, text, ""); !errors.As(err, &bad) {
				t.Errorf("%.9q: %v", text, err)
			}
		}
		say := func(a *store.Account, text string) int64 {
			t.Helper()
			id, err := c.CommentOnAnnouncement(c.ctx, a, walk.ID, text, "form")
			c.expectErr(text, err, nil)
			return id
		}
		asked := say(ann, "Where do we meet?")
		c.expect("a form sent twice", say(ann, "Where do we meet?"), asked)
		rude := say(eve, "Nowhere, fool.")
		say(bob, "At the bridge.")
		read := func(viewer *store.Account, p Cursor) []string {
			t.Helper()
			list, err := c.CommentsOnAnnouncement(c.ctx, viewer, walk.ID, p)
			c.expectErr("comments", err, nil)
			texts := []string{}
			for _, one := range list {
				texts = append(texts, one.Author.Username+": "+one.Text)
			}
			return texts
		}
		all := []string{"ann: Where do we meet?", "eve: Nowhere, fool.", "bob: At the bridge."}
		c.expect("all", read(ann, Cursor{}), all)
		c.expect("the first two", read(ann, Cursor{Limit: 2}), all[:2])
		c.expect("those after", read(ann, Cursor{MinID: rude, Limit: 2}), all[2:])

		filed, err := c.Report(c.ctx, ann, Report{CommentID: rude, Category: "violation"})
		if err != nil || filed.TargetID != eve.ID || filed.Excerpt != "Nowhere, fool." || filed.PostID != nil {
			t.Errorf("a report: %+v %v", filed, err)
		}
		_, err = c.Block(c.ctx, bob, eve.ID)
		c.expectErr("", err, nil)
		c.expect("for bob, who blocks eve", read(bob, Cursor{}), []string{all[0], all[2]})
		if one, err := c.AnnouncementByID(c.ctx, bob, walk.ID); err != nil || one.Comments != 2 {
			t.Errorf("bob counts %+v %v", one, err)
		}
		_, err = c.Report(c.ctx, bob, Report{CommentID: rude})
		c.expectErr("a report of what one cannot see", err, ErrNotFound)

		c.expectErr("bob removes ann's", c.RemoveAnnouncementComment(c.ctx, By{Account: bob, Via: ViaPage}, asked, Sanction{}), ErrForbidden)
		c.expectErr("ann removes her own", c.RemoveAnnouncementComment(c.ctx, By{Account: ann, Via: ViaPage}, asked, Sanction{}), nil)
		by := By{Account: mod, Via: ViaPage, Reason: "rude"}
		if code, _ := refused(c.RemoveAnnouncementComment(c.ctx, By{Account: mod, Via: ViaPage, MustSayWhy: true}, rude, Sanction{})); code != "blank" {
			t.Error("a moderator need not say why")
		}
		c.expectErr("a moderator removes eve's", c.RemoveAnnouncementComment(c.ctx, by, rude, Sanction{Words: "Be kind."}), nil)
		if e := c.lastAct(); e.Act != "announcement.remove_comment" || e.Target != "eve" || e.Detail != "Nowhere, fool." || e.Reason != "rude" {
			t.Errorf("the log says %+v", e)
		}
		c.expectErr("again", c.RemoveAnnouncementComment(c.ctx, by, rude, Sanction{}), ErrNotFound)
		c.expect("what is left", read(ann, Cursor{}), all[2:])
		if own, err := c.OwnDecisions(c.ctx, eve); err != nil || len(own) != 1 || own[0].Kind != store.DecideRemove || own[0].Words != "Be kind." || own[0].Excerpt != "Nowhere, fool." || !own[0].Appealable() {
			t.Errorf("eve is told %+v %v", own, err)
		}
		c.expect("eve is told", c.told(eve), []string{store.NotifyDecision})
		if r, err := c.ReportByID(c.ctx, mod, filed.ID); err != nil || r.State != store.ReportClosed || r.Decision != store.DecideRemove || r.AnnouncementComment != nil {
			t.Errorf("the report about it: %+v %v", r, err)
		}

		// Not of somebody of the same role, and by a decision about a report.
		peer := c.account("peer", func(a *store.Account) { a.Role = store.RoleModerator })
		peers, err := c.CommentOnAnnouncement(c.ctx, peer, walk.ID, "Not you.", "")
		c.expectErr("", err, nil)
		c.expectErr("a moderator's", c.RemoveAnnouncementComment(c.ctx, by, peers, Sanction{}), ErrForbidden)
		c.expectErr("by command", c.RemoveAnnouncementComment(c.ctx, ByCommand(""), peers, Sanction{}), nil)
		again, err := c.CommentOnAnnouncement(c.ctx, eve, walk.ID, "Fools, all.", "")
		c.expectErr("", err, nil)
		_, err = c.Block(c.ctx, eve, mod.ID)
		c.expectErr("", err, nil)
		filed, err = c.Report(c.ctx, ann, Report{CommentID: again})
		c.expectErr("report", err, nil)
		second, err := c.Report(c.ctx, peer, Report{CommentID: again})
		c.expectErr("report", err, nil)
		if r, err := c.ReportByID(c.ctx, mod, filed.ID); err != nil || *r.AnnouncementID != walk.ID || r.AnnouncementComment == nil || r.AnnouncementComment.ID != again || r.AnnouncementComment.Text != "Fools, all." {
			t.Errorf("the moderator reads %+v %v", r, err)
		}
		_, err = c.DecideReport(c.ctx, By{Account: mod, Via: ViaPage}, filed.ID, store.DecideRemove, Sanction{Words: "Once more."})
		c.expectErr("decide", err, nil)
		c.expect("what is left", read(ann, Cursor{}), all[2:])
		for _, r := range []*store.Report{filed, second} {
			if r, err := c.ReportByID(c.ctx, mod, r.ID); err != nil || r.State != store.ReportClosed || r.Decision != store.DecideRemove || r.Excerpt != "Fools, all." {
				t.Errorf("after it: %+v %v", r, err)
			}
		}
		_, err = c.Unblock(c.ctx, eve, mod.ID)
		c.expectErr("", err, nil)

		// Who is suspended, or has left, says nothing and counts nowhere.
		c.expectErr("", c.ReactToAnnouncement(c.ctx, bob, walk.ID, "🎉", true), nil)
		_, err = c.SuspendMember(c.ctx, ByCommand(""), "bob", Sanction{})
		c.expectErr("", err, nil)
		c.expect("after bob was suspended", read(ann, Cursor{}), []string{})
		if one, err := c.AnnouncementByID(c.ctx, ann, walk.ID); err != nil || one.Comments != 0 || len(one.Reactions) != 0 {
			t.Errorf("ann counts %+v %v", one, err)
		}
		for more := true; more; {
			more, err = c.eraseAccountBatch(c.ctx, bob.ID, newPacer(accountBatch))
			c.expectErr("", err, nil)
		}
		var left int
		if err := c.Store.SQL().QueryRowContext(c.ctx, "SELECT (SELECT COUNT(*) FROM announcement_comments WHERE account_id = ?) + (SELECT COUNT(*) FROM announcement_marks WHERE account_id = ?)", bob.ID, bob.ID).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d rows of bob are left, %v", left, err)
		}
	})
}

func TestReactionsToAnnouncements(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		ann, bob := c.account("ann"), c.account("bob")
		walk, err := c.Announce(c.ctx, ByCommand(""), NewAnnouncement{Text: "We walk on Sunday."})
		c.expectErr("", err, nil)
		react := func(a *store.Account, name string, on bool) error {
			return c.ReactToAnnouncement(c.ctx, a, walk.ID, name, on)
		}
		for range 2 {
			c.expectErr("ann", react(ann, "👍", true), nil)
		}
		c.expectErr("bob", react(bob, "👍", true), nil)
		c.expectErr("bob, otherwise", react(bob, "🏴‍☠️", true), nil)
		one, err := c.AnnouncementByID(c.ctx, ann, walk.ID)
		if want := []Reaction{{"👍", 2, true}, {"🏴‍☠️", 1, false}}; err != nil || !slices.Equal(one.Reactions, want) {
			t.Errorf("%+v %v", one.Reactions, err)
		}
		c.expect("a reaction dismisses nothing", c.announcements(ann, false), []string{walk.Text})
		for range 2 {
			c.expectErr("taken back", react(ann, "👍", false), nil)
		}
		for _, name := range []string{"🎉", "❤️", "1️⃣", "🇩🇪", "👩‍🚒", "‼️"} {
			c.expectErr(name, react(ann, name, true), nil)
		}
		var bad *Invalid
		if err := react(ann, "🌧", true); !errors.As(err, &bad) {
			t.Errorf("a ninth kind: %v", err)
		}
		c.expectErr("one that is there", react(ann, "👍", true), nil)
	})
	for text, want := range map[string]bool{
		"": false, "a": false, "1": false, "12️⃣": false, "thumbsup": false, "👍👍": false, "👍 ": false, "<b>": false, "🇩": false, "\u200d": false, strings.Repeat("\uFE0F", 3): false,
		"👍": true, "👍🏽": true, "👨‍👩‍👧": true, "☀": true, "🏴󠁧󠁢󠁥󠁮󠁧󠁿": true, "#️⃣": true,
	} {
		if isEmoji(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// The other processes show within moments what one announces, and streams tell of it; those who hear of it find it.
func TestAnnouncementsAreSeenEverywhere(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		g := newTestSite(t, s)
		ann := g.account("ann")
		instance := func() *Community {
			c := siteInstance(t, s)
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { c.FollowAnnouncements(ctx); close(done) }()
			t.Cleanup(func() { cancel(); <-done })
			return c
		}
		here, there := instance(), instance()
		texts := func(c *Community) (list []string) {
			t.Helper()
			all, err := c.Announcements(t.Context(), ann, false)
			g.must(err)
			for _, a := range all {
				list = append(list, a.Text)
			}
			return list
		}
		for _, c := range []*Community{here, there} {
			servertest.Eventually(t, "that the process follows", c.announced.following.Load)
			if got := texts(c); len(got) != 0 {
				t.Fatalf("%v", got)
			}
		}
		streams := NewStreams(there, StreamOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { streams.Run(ctx); close(done) }()
		t.Cleanup(func() { cancel(); <-done })
		st, err := streams.Open(Subscriber{AccountID: ann.ID, TokenID: 1})
		g.must(err)
		defer st.Close()
		g.must(st.Listen(Channel{Name: ChannelUser}))
		next := func() Message {
			t.Helper()
			select {
			case m := <-st.C():
				return m
			case <-st.Done():
				t.Fatal(st.Err())
			case <-time.After(30 * time.Second):
				t.Fatal("the stream was told nothing")
			}
			return Message{}
		}
		walk, err := here.Announce(t.Context(), ByCommand(""), NewAnnouncement{Text: "We walk."})
		g.must(err)
		if got := texts(here); !slices.Equal(got, []string{"We walk."}) {
			t.Errorf("where it was announced: %v", got)
		}
		if m := next(); m.Kind != MessageAnnouncement || m.Announcement.Text != "We walk." {
			t.Errorf("%+v", m)
		}
		if got := texts(there); !slices.Equal(got, []string{"We walk."}) {
			t.Errorf("who heard of it finds %v", got)
		}
		g.must(here.EditAnnouncement(t.Context(), ByCommand(""), walk.ID, NewAnnouncement{Text: "We run."}))
		if m := next(); m.Kind != MessageAnnouncement || m.Announcement.Text != "We run." {
			t.Errorf("%+v", m)
		}
		soon := time.Now().Add(time.Hour)
		later, err := here.Announce(t.Context(), ByCommand(""), NewAnnouncement{Text: "Later.", PublishAt: &soon})
		g.must(err)
		g.must(there.FinishAnnouncement(t.Context(), ByCommand(""), walk.ID))
		if m := next(); m.Kind != MessageAnnouncementGone || m.ID != walk.ID { // and nothing of the one for later
			t.Errorf("%+v", m)
		}
		servertest.Eventually(t, "the end here", func() bool { return len(texts(here)) == 0 })

		// The moment of the later one comes, once, although it was moved.
		row := *later
		row.PublishAt = store.ToMillis(time.Now().Add(-time.Second))
		g.must(s.SetAnnouncement(t.Context(), row))
		g.must(s.Tx(t.Context(), func(ctx context.Context, tx *store.Store) error {
			return tx.AddJob(ctx, jobAnnounce, announcePayload{later.ID, row.PublishAt}, 0)
		}))
		circle := &circle{Community: here, t: t, ctx: t.Context()}
		for range 2 {
			circle.runJob(jobAnnounce, here.runAnnounce)
		}
		if m := next(); m.Kind != MessageAnnouncement || m.Announcement.Text != "Later." {
			t.Errorf("%+v", m)
		}
		servertest.Eventually(t, "it there", func() bool { return slices.Equal(texts(there), []string{"Later."}) })
	})
}
