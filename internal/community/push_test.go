package community

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/push"
	"tintype/internal/push/pushtest"
	"tintype/internal/store"
)

// pushSite is a site that may send to a push service on this machine.
type pushSite struct {
	*testSite
	service *pushtest.Service
	backend jobBackend
	keys    [][]byte
}

func newPushSite(t *testing.T, g *testSite) *pushSite {
	s := &pushSite{testSite: g, service: pushtest.New(t), backend: jobBackend{g.Store}, keys: [][]byte{[]byte(strings.Repeat("k", 32))}}
	g.Push = push.New(push.Options{Contact: "https://photos.example", Allow: pushtest.Allow, Roots: s.service.Roots()})
	g.SecretKeys = func() [][]byte { return s.keys }
	return s
}

// deliver runs the jobs that are due, and returns why tries failed.
func (s *pushSite) deliver() (failed []string) {
	s.t.Helper()
	for {
		jobs, err := s.backend.Claim(s.ctx, []string{jobPush}, 10, time.Minute)
		s.must(err)
		if len(jobs) == 0 {
			return failed
		}
		for _, job := range jobs {
			if err := s.runPush(s.ctx, &job); err != nil {
				failed = append(failed, err.Error())
				s.must(s.backend.Fail(s.ctx, job.ID, job.Token, err.Error(), 0))
				if len(failed) == 20 {
					s.t.Fatalf("a job is tried for ever: %v", failed)
				}
				continue
			}
			s.must(s.backend.Finish(s.ctx, job.ID, job.Token))
		}
	}
}

func (s *pushSite) browser(acc *store.Account, session string) *pushtest.Device {
	s.t.Helper()
	d := s.service.Device()
	_, err := s.SubscribeBrowser(s.ctx, acc, session, "Firefox on Linux", NewPush{Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth})
	s.must(err)
	return d
}

func (s *pushSite) token(acc *store.Account) (*store.AccessToken, string) {
	s.t.Helper()
	bearer, token, err := s.TokenFor(s.ctx, s.app(s.t.(*testing.T)), acc, "push")
	s.must(err)
	return token, bearer
}

func (s *pushSite) phone(acc *store.Account, token *store.AccessToken, bearer, policy string, alerts ...string) *pushtest.Device {
	s.t.Helper()
	d := s.service.Device()
	_, err := s.SubscribeApp(s.ctx, acc, token, bearer, NewPush{Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth, Alerts: alerts, Policy: policy})
	s.must(err)
	return d
}

func (s *pushSite) subscriptions(acc *store.Account) (n int) {
	s.must(s.Store.SQL().QueryRowContext(s.ctx, fmt.Sprintf("SELECT COUNT(*) FROM push_subscriptions WHERE account_id = %d", acc.ID)).Scan(&n))
	return n
}

// titles are what a device was told.
func titles(d *pushtest.Device) []string {
	list := []string{}
	for _, m := range d.Got() {
		var p pushPayload
		if json.Unmarshal([]byte(m.Payload), &p) != nil {
			return []string{m.Payload}
		}
		list = append(list, p.Title)
	}
	return list
}

func (s *pushSite) expectTold(what string, d *pushtest.Device, want ...string) {
	s.t.Helper()
	if got := titles(d); !slices.Equal(got, append([]string{}, want...)) {
		s.t.Errorf("%s: told %q, want %q", what, got, want)
	}
}

// Only what somebody may see and wants to hear of is pushed, even where that changed while the push waited.
func TestWhatIsPushed(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob, cid := g.account("ann"), g.account("bob"), g.account("cid")
		mine := g.post(ann, store.Public, "Harbour")
		d := s.browser(ann, "one")
		like := func(who *store.Account, on int64) {
			t.Helper()
			_, err := g.Like(g.ctx, who, on)
			g.must(err)
		}
		like(bob, mine.ID)
		g.comment(bob, mine.ID, "A fine one")
		s.deliver()
		s.expectTold("a like and a comment", d, "bob liked your post", "bob replied to you")
		var p pushPayload
		m := d.Got()[0]
		g.must(json.Unmarshal([]byte(m.Payload), &p))
		if strings.Contains(m.Payload, "access_token") || p.WebPush != 8030 || p.Notification == nil || p.Notification.Navigate != fmt.Sprintf("https://photos.example/@ann/%d", mine.ID) ||
			p.Notification.Title != p.Title || p.Body != "Harbour" || m.Encoding != "aes128gcm" || len(m.Topic) != 32 {
			t.Errorf("a browser got %+v", m)
		}

		// Between the act and the push.
		meanwhile := func(what string, act func(), change, back func() error) {
			t.Helper()
			before := len(d.Got())
			act()
			g.must(change())
			s.deliver()
			if got := titles(d)[before:]; len(got) != 0 {
				t.Errorf("%s: told %q", what, got)
			}
			if back != nil {
				g.must(back())
			}
		}
		meanwhile("read already", func() { like(cid, mine.ID) }, func() error { return g.MarkNotificationsRead(g.ctx, ann, 0) }, nil)
		g.must(ignoring(g.Unlike(g.ctx, cid, mine.ID)))
		meanwhile("read in an application", func() { like(cid, mine.ID) }, func() error { g.readInApp(ann); return nil }, nil)
		g.must(ignoring(g.Unlike(g.ctx, cid, mine.ID)))
		meanwhile("taken back", func() { like(cid, mine.ID) }, func() error { return ignoring(g.Unlike(g.ctx, cid, mine.ID)) }, nil)
		meanwhile("muted", func() { like(cid, mine.ID) }, func() error { return ignoring(g.Mute(g.ctx, ann, cid.ID, MuteOptions{})) },
			func() error { return ignoring(g.Unmute(g.ctx, ann, cid.ID)) })
		g.must(ignoring(g.Unlike(g.ctx, cid, mine.ID)))
		meanwhile("a muted thread", func() { g.comment(cid, mine.ID, "More") }, func() error { return ignoring(g.MuteConversation(g.ctx, ann, mine.ID)) },
			func() error { return ignoring(g.UnmuteConversation(g.ctx, ann, mine.ID)) })
		at := store.ToMillis(time.Now())
		meanwhile("a suspended account", func() { like(cid, mine.ID) }, func() error { return g.Store.SetSuspended(g.ctx, cid.ID, &at) },
			func() error { return g.Store.SetSuspended(g.ctx, cid.ID, nil) })
		g.must(ignoring(g.Unlike(g.ctx, cid, mine.ID)))
		g.must(ignoring(g.Follow(g.ctx, ann, cid.ID)))
		meanwhile("a post for followers", func() { g.post(cid, store.Followers, "For you @ann") }, func() error { return ignoring(g.Unfollow(g.ctx, ann, cid.ID)) }, nil)
		meanwhile("a deleted post", func() { g.comment(cid, mine.ID, "Gone") }, func() error {
			_, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE posts SET deleted_at = 1 WHERE caption = 'Gone'")
			return err
		}, nil)
		meanwhile("blocked", func() { like(cid, mine.ID) }, func() error { return ignoring(g.Block(g.ctx, ann, cid.ID)) }, func() error { return ignoring(g.Unblock(g.ctx, ann, cid.ID)) })
		meanwhile("too late", func() { like(cid, mine.ID) }, func() error {
			_, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE jobs SET payload = REPLACE(payload, '\"at\":', '\"at\":1,\"was\":') WHERE kind = 'push' AND state = 'ready'")
			return err
		}, nil)

		title, word := "No fog", "fog"
		filter, err := g.CreateFilter(g.ctx, ann, FilterChange{Title: &title, Contexts: []FilterContext{FilterNotifications}, Keywords: []KeywordChange{{Keyword: &word}}})
		g.must(err)
		meanwhile("filtered", func() { g.comment(bob, mine.ID, "More fog") }, func() error { return nil }, func() error { return g.DeleteFilter(g.ctx, ann, filter.ID) })

		// By choice: a kind that is not pushed is on the page, and one that is not on the page is pushed.
		g.must(ignoring(g.Unlike(g.ctx, bob, mine.ID)))
		choose := func(kind string, page, push bool) error {
			return g.ChooseNotifications(g.ctx, ann, []NotificationChoice{{NotificationKind{Kind: kind}, page, push, false}})
		}
		g.must(choose(store.NotifyLike, true, false))
		meanwhile("likes are not pushed", func() { like(bob, mine.ID) }, func() error { return nil }, nil)
		g.must(choose(store.NotifyMention, false, true))
		before := len(d.Got())
		g.comment(bob, mine.ID, "Again")
		s.deliver()
		if got := titles(d)[before:]; len(got) != 1 {
			t.Errorf("comments that are pushed alone: %q", got)
		}
		onPage, err := g.Notifications(g.ctx, ann, NotificationFilter{OnPage: true}, Cursor{})
		g.must(err)
		for _, n := range onPage {
			if n.Kind == store.NotifyMention {
				t.Errorf("a comment is on the page, which is not to have any")
			}
		}
		if unread, err := g.UnreadNotifications(g.ctx, reread(g, ann), NotificationFilter{OnPage: true}); err != nil || unread != 1 {
			t.Errorf("%d unread on the page, %v; want the like", unread, err)
		}
		if err := choose("banana", true, true); err == nil {
			t.Error("a kind that does not exist was chosen")
		}
	})
}

func reread(g *testSite, acc *store.Account) *store.Account {
	g.t.Helper()
	now, err := g.Store.AccountByID(store.Primary(g.ctx), acc.ID)
	g.must(err)
	return now
}

func ignoring[T any](_ T, err error) error { return err }

// An app is told what it chose, from whom it chose.
func TestPushPolicies(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob, cid := g.account("ann"), g.account("bob"), g.account("cid")
		g.must(ignoring(g.Follow(g.ctx, ann, bob.ID))) // ann follows bob, cid follows ann
		g.must(ignoring(g.Follow(g.ctx, cid, ann.ID)))
		mine := g.post(ann, store.Public, "Harbour")
		devices := map[string]*pushtest.Device{}
		bearers := map[string]string{}
		for _, policy := range []string{PushFromAll, PushFromFollowed, PushFromFollowers, PushFromNone} {
			token, bearer := s.token(ann)
			devices[policy], bearers[policy] = s.phone(ann, token, bearer, policy, store.NotifyLike), bearer
		}
		for _, who := range []*store.Account{bob, cid} {
			g.must(ignoring(g.Like(g.ctx, who, mine.ID)))
			g.comment(who, mine.ID, "Not asked for")
		}
		if failed := s.deliver(); len(failed) != 0 {
			t.Error(failed)
		}
		for policy, want := range map[string][]string{
			PushFromAll: {"bob liked your post", "cid liked your post"}, PushFromFollowed: {"bob liked your post"}, PushFromFollowers: {"cid liked your post"}, PushFromNone: nil,
		} {
			s.expectTold(policy, devices[policy], want...)
			for _, m := range devices[policy].Got() {
				if !strings.Contains(m.Payload, `"access_token":"`+bearers[policy]+`"`) || strings.Contains(m.Payload, "web_push") || m.Topic != "" {
					t.Errorf("%s got %s", policy, m.Payload)
				}
			}
		}
	})
}

// A subscription ends with its session, its token and its account, and a browser tells of whoever logged in last.
func TestPushEndsWithItsSession(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob := g.account("ann"), g.account("bob")
		mine := g.post(ann, store.Public, "Harbour")
		d := s.browser(ann, "one")
		token, bearer := s.token(ann)
		phone := s.phone(ann, token, bearer, "", store.NotifyMention)
		n := 0
		told := func(what string, browser, app bool) {
			t.Helper()
			b, a := len(d.Got()), len(phone.Got())
			n++
			g.comment(bob, mine.ID, fmt.Sprint("Comment ", n))
			s.deliver()
			if (len(d.Got()) > b) != browser || (len(phone.Got()) > a) != app {
				t.Errorf("%s: the browser was told %v, the app %v", what, len(d.Got()) > b, len(phone.Got()) > a)
			}
		}
		told("both", true, true)
		g.must(s.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error { return revoke(ctx, tx, token) }))
		told("the token is revoked", true, false)
		if n := s.subscriptions(ann); n != 1 {
			t.Errorf("%d subscriptions", n)
		}
		// A new password ends what another session had; the one that set it goes on.
		two := s.browser(ann, "two")
		g.must(s.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
			return replacePassword(ctx, tx, ann.ID, "hash", "one")
		}))
		ann = reread(g, ann)
		told("before the session has its new name", false, false)
		g.must(g.KeepPush(g.ctx, ann, "one", "three"))
		told("after a new password", true, false)
		if len(two.Got()) != 0 || s.subscriptions(ann) != 1 {
			t.Errorf("the other browser was told %q, %d subscriptions", titles(two), s.subscriptions(ann))
		}
		// A session that is over in its store, though nobody said so.
		g.SessionHolds = func(_ context.Context, id int64, hash string) (bool, error) {
			return id != ann.ID || hash != "three", nil
		}
		told("the session is over", false, false)
		if n := s.subscriptions(ann); n != 0 {
			t.Errorf("%d subscriptions", n)
		}
		g.SessionHolds = nil
		// Somebody else logs in, in the same browser.
		d = s.browser(ann, "four")
		_, err := s.SubscribeBrowser(g.ctx, bob, "five", "", NewPush{Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth})
		g.must(err)
		told("the browser is another's now", false, false)
		g.must(ignoring(g.Follow(g.ctx, ann, bob.ID)))
		s.deliver()
		s.expectTold("whoever is logged in now", d, "ann follows you")
		// By hand, and never another's.
		subs, err := g.PushDevices(g.ctx, bob, "five")
		g.must(err)
		if len(subs) != 1 || !subs[0].Current || subs[0].App != nil {
			t.Fatalf("devices: %+v", subs)
		}
		if err := g.EndPush(g.ctx, ann, subs[0].ID); err != ErrNotFound {
			t.Errorf("ending another's: %v", err)
		}
		g.must(g.EndPush(g.ctx, bob, subs[0].ID))
		if n := s.subscriptions(bob); n != 0 {
			t.Errorf("%d subscriptions", n)
		}
		// The account goes, and with it all that it chose.
		token, bearer = s.token(ann)
		phone = s.phone(ann, token, bearer, "", store.NotifyMention)
		s.browser(ann, "six")
		g.must(g.ChooseNotifications(g.ctx, ann, []NotificationChoice{{NotificationKind{Kind: store.NotifyLike}, false, false, false}}))
		devices, err := g.PushDevices(g.ctx, ann, "six")
		g.must(err)
		if len(devices) != 2 || !devices[0].Current || devices[1].App == nil || devices[1].Current {
			t.Errorf("devices: %+v", devices)
		}
		for {
			left, err := g.Store.EraseAccountRows(g.ctx, ann.ID, 100)
			g.must(err)
			if left == 0 {
				break
			}
		}
		choices, err := g.Store.NotificationChoicesOf(g.ctx, ann.ID)
		g.must(err)
		if s.subscriptions(ann) != 0 || len(choices) != 0 {
			t.Errorf("left: %d subscriptions, %v", s.subscriptions(ann), choices)
		}
	})
}

// A push service that fails is tried again for a while, and one that is gone never; other devices do not wait for either.
func TestPushServicesThatFail(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob := g.account("ann"), g.account("bob")
		mine := g.post(ann, store.Public, "Harbour")
		good, bad := s.browser(ann, "one"), s.browser(ann, "two")
		code := http.StatusServiceUnavailable
		answer := func() {
			s.service.Answer(nil)
			s.service.Answer(func(w http.ResponseWriter, d *pushtest.Device) {
				if d == bad {
					w.WriteHeader(code)
				}
			})
		}
		answer()
		tries := func(comment string) int {
			t.Helper()
			before := s.service.Tried()
			g.comment(bob, mine.ID, comment)
			s.deliver()
			return s.service.Tried() - before - 1 // one to the good device
		}
		if n := tries("First"); n != pushAttempts {
			t.Errorf("a service that fails was tried %d times", n)
		}
		if n := s.subscriptions(ann); n != 2 {
			t.Errorf("%d subscriptions after a failure", n)
		}
		var dead int
		g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*) FROM jobs WHERE kind = 'push' AND state <> 'done'").Scan(&dead))
		if dead != 0 {
			t.Errorf("%d jobs are left to the administrator", dead)
		}
		code = http.StatusForbidden
		if n := tries("Second"); n != 1 {
			t.Errorf("a refusal was tried %d times", n)
		}
		// It fails for a week.
		_, err := g.Store.SQL().ExecContext(g.ctx, fmt.Sprintf("UPDATE push_subscriptions SET failing_since = failing_since - %d", (8*24*time.Hour).Milliseconds()))
		g.must(err)
		code = http.StatusCreated
		tries("Delivered") // which ends the week
		code = http.StatusForbidden
		tries("Third")
		if n := s.subscriptions(ann); n != 2 {
			t.Errorf("%d subscriptions after one delivery", n)
		}
		_, err = g.Store.SQL().ExecContext(g.ctx, fmt.Sprintf("UPDATE push_subscriptions SET failing_since = failing_since - %d", (8*24*time.Hour).Milliseconds()))
		g.must(err)
		tries("Fourth")
		if n := s.subscriptions(ann); n != 1 {
			t.Errorf("%d subscriptions after a week without a delivery", n)
		}
		bad = s.browser(ann, "three")
		code = http.StatusGone
		if n := tries("Fifth"); n != 1 {
			t.Errorf("a service that is gone was tried %d times", n)
		}
		if n := s.subscriptions(ann); n != 1 {
			t.Errorf("%d subscriptions after one is gone", n)
		}
		s.service.Answer(nil)
		tries("Sixth")
		if len(good.Got()) != 1 || len(bad.Got()) != 0 {
			t.Errorf("the good device got %d, the other %d", len(good.Got()), len(bad.Got()))
		}
		// There is an end to devices, too: the oldest goes.
		for i := range MaxPushSubscriptions {
			s.browser(ann, fmt.Sprint("more ", i))
		}
		if n := s.subscriptions(ann); n != MaxPushSubscriptions {
			t.Errorf("%d subscriptions, want %d", n, MaxPushSubscriptions)
		}
		oldest := s.Store.SQL().QueryRowContext(s.ctx, "SELECT id FROM push_subscriptions WHERE session_hash = 'one'")
		if err := oldest.Scan(new(int64)); err == nil {
			t.Error("the oldest is there")
		}
	})
}

// The key is one for all processes. It outlives a rotation of SECRET_KEY, and gives way only after a day without its own.
func TestPushKey(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob := g.account("ann"), g.account("bob")
		mine := g.post(ann, store.Public, "Harbour")
		if key, err := g.readPushKey(g.ctx); err != nil || key.Public == "" {
			t.Fatal(key, err)
		}
		first, err := g.PushKey(g.ctx)
		g.must(err)
		d := s.browser(ann, "one")
		for _, query := range []string{"SELECT value FROM site_info WHERE name = 'push_key'", "SELECT secrets FROM push_subscriptions"} {
			var text string
			g.must(g.Store.SQL().QueryRowContext(g.ctx, query).Scan(&text))
			if strings.Contains(text, first.Private) || strings.Contains(text, d.Auth) {
				t.Errorf("%s: %s is not sealed", query, text)
			}
		}
		n := 0
		works := func(what string) {
			t.Helper()
			g.pushKeys.at = time.Time{} // as in another process
			key, err := g.PushKey(g.ctx)
			if err != nil || key != first {
				t.Errorf("%s: %v, another key: %v", what, err, key != first)
			}
			before := len(d.Got())
			n++
			g.comment(bob, mine.ID, fmt.Sprint(what, n))
			if failed := s.deliver(); len(failed) != 0 || len(d.Got()) != before+1 {
				t.Errorf("%s: %v, %d messages", what, failed, len(d.Got())-before)
			}
		}
		tend := func(after time.Duration) {
			t.Helper()
			now, err := g.Store.Now(g.ctx)
			g.must(err)
			g.must(g.tendPush(g.ctx, now+store.Millis(after.Milliseconds())))
		}
		old, fresh := s.keys[0], []byte(strings.Repeat("n", 32))
		works("before")
		s.keys = [][]byte{old, fresh}
		tend(0)
		works("the new one is known")
		s.keys = [][]byte{fresh, old}
		works("the new one seals")
		tend(0)
		s.keys = [][]byte{fresh}
		works("the old one is gone")
		// Without its SECRET_KEY: nothing is sent, nothing ends.
		s.keys = [][]byte{[]byte(strings.Repeat("x", 32))}
		tend(0)
		g.pushKeys.at = time.Time{}
		if _, err := g.PushKey(g.ctx); err == nil {
			t.Error("a key that cannot be opened was read")
		}
		if key := g.PushPublicKey(g.ctx); key != "" {
			t.Errorf("its public half is told: %s", key)
		}
		tend(23 * time.Hour)
		s.keys = [][]byte{fresh}
		tend(23 * time.Hour)
		works("its own is back")
		s.keys = [][]byte{[]byte(strings.Repeat("x", 32))}
		tend(25 * time.Hour) // counted anew
		if s.subscriptions(ann) != 1 {
			t.Error("subscriptions ended at once")
		}
		tend(50 * time.Hour)
		g.pushKeys.at = time.Time{}
		second, err := g.PushKey(g.ctx)
		g.must(err)
		if second == first || s.subscriptions(ann) != 0 {
			t.Errorf("the same key: %v, %d subscriptions", second == first, s.subscriptions(ann))
		}
	})
}
