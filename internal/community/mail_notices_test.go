package community

import (
	"context"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/lang"
	"tintype/internal/mail"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A mailTestSite hands its mail to a server.
type mailTestSite struct {
	*testSite
	server  *servertest.MailServer
	backend jobBackend
}

func newMailTestSite(t *testing.T, g *testSite) *mailTestSite {
	s := &mailTestSite{testSite: g, server: servertest.NewMailServer(t, servertest.MailServerOptions{}), backend: jobBackend{g.Store}}
	g.SecretKeys = func() [][]byte { return [][]byte{[]byte(strings.Repeat("k", 32))} }
	g.MailDelivers = true
	g.setDefaults(func(s *Site) { s.Name = "Our Club" })
	g.Mail = mail.NewSMTP(mail.SMTPOptions{URL: func(context.Context) (string, error) { return s.server.URL(), nil }, Shown: "smtp", From: &netmail.Address{Address: "club@example.org"}, Host: "photos.example"})
	return s
}

// member has a confirmed address, which change may take.
func (s *mailTestSite) member(name string, change ...func(*store.Account)) *store.Account {
	s.t.Helper()
	key := store.Fold(name + "@example.org")
	a := &store.Account{ID: s.Store.NewID(), Username: name, Email: name + "@example.org", EmailKey: &key, EmailVerifiedAt: new(store.Millis(1)), Role: store.RoleMember, DefaultVisibility: store.Public,
		DefaultLicence: AllRightsReserved, DefaultShowExif: true, WarnedPhotos: "ask", Theme: "system"}
	for _, f := range change {
		f(a)
	}
	s.must(s.Store.CreateAccount(s.ctx, a))
	return a
}

// send adds a mail, as its cause does.
func (s *mailTestSite) send(m mailJob) {
	s.t.Helper()
	s.must(s.Store.Tx(s.ctx, func(ctx context.Context, tx *store.Store) error { return s.addMail(ctx, tx, m) }))
}

// deliver runs the jobs that are due, and returns the mails that came of them.
func (s *mailTestSite) deliver() []servertest.Letter {
	s.t.Helper()
	before := len(s.server.Letters())
	for {
		jobs, err := s.backend.Claim(s.ctx, []string{jobMail}, 10, time.Minute)
		s.must(err)
		if len(jobs) == 0 {
			return s.server.Letters()[before:]
		}
		for _, job := range jobs {
			s.must(s.runMail(s.ctx, &job))
			s.must(s.backend.Finish(s.ctx, job.ID, job.Token))
		}
	}
}

// later plans mail for what has just happened, writes what is due so much later, and returns it.
func (s *mailTestSite) later(d time.Duration) []servertest.Letter {
	s.t.Helper()
	ctx := store.Primary(s.ctx)
	now := s.plan() + store.Millis(d.Milliseconds())
	s.must(s.writeNotices(ctx, now))
	s.must(s.writeDigests(ctx, now))
	return s.deliver()
}

// plan looks for members who have new notifications, and returns the time.
func (s *mailTestSite) plan() store.Millis {
	s.t.Helper()
	ctx := store.Primary(s.ctx)
	now, err := s.Store.Now(ctx)
	s.must(err)
	s.must(s.planNotices(ctx, now+store.Millis((3*time.Minute).Milliseconds())))
	return now
}

// again has members looked for anew, as if what is there had just happened.
func (s *mailTestSite) again() {
	s.t.Helper()
	s.must(s.Store.SetSiteInfo(s.ctx, infoNotices, strconv.FormatInt(time.Now().Add(-10*time.Minute).UnixMilli()<<16, 10)))
}

// Strangers have letters sent to any address, and somebody who has the password has others. Neither holds up the letter which
// says that the password was changed.
func TestNobodysLettersHoldUpSecurityLetters(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann := s.member("ann")
		for i := range 30 {
			stranger := s.member("stranger"+strconv.Itoa(i), func(a *store.Account) { a.Email, a.EmailKey, a.EmailVerifiedAt = ann.Email, nil, nil })
			s.send(mailJob{Kind: mailVerify, Account: stranger.ID, Email: ann.Email})
			s.send(mailJob{Kind: mailReset, Email: ann.Email, At: store.Millis(time.Now().UnixMilli() + int64(i))})
			s.send(mailJob{Kind: mailDevice, Account: ann.ID, Words: "Firefox", At: store.Millis(time.Now().UnixMilli() + int64(i))})
		}
		s.deliver()
		for subject, most := range map[string]int{"Confirm your address": 10, "Choose a new password": forgotLimit.Count, "A new log-in": 20} {
			if n := len(s.server.To(ann.Email, subject)); n == 0 || n > most {
				t.Errorf("%d letters %q in an hour", n, subject)
			}
		}
		s.send(mailJob{Kind: mailPassword, Account: ann.ID})
		s.send(mailJob{Kind: mailChanged, Account: ann.ID, Email: ann.Email})
		got := s.deliver()
		if len(got) != 2 || got[0].Subject != "Your password was changed" || got[1].Subject != "Your address was changed" {
			t.Errorf("of two security letters came %d", len(got))
		}
		// The others wait, they are not lost.
		waiting, err := s.Jobs(s.ctx, store.JobReady, 0, 100)
		s.must(err)
		if len(waiting) != 20+27+10 {
			t.Errorf("%d letters wait", len(waiting))
		}
	})
}

// Whoever signs up with somebody else's address has no words of theirs sent there.
func TestLettersToUnconfirmedAddressesQuoteNobody(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		const words = "Buy at evil.example"
		bob := s.member("bob", func(a *store.Account) { a.DisplayName, a.EmailVerifiedAt = words, nil })
		ann := s.member("ann", func(a *store.Account) { a.DisplayName = words })
		state := linkState(MailChange, ann)
		s.send(mailJob{Kind: mailVerify, Account: bob.ID, Email: bob.Email})
		s.send(mailJob{Kind: mailReset, Email: bob.Email})
		s.send(mailJob{Kind: mailChange, Account: ann.ID, Email: "somebody@example.org", State: state[:]})
		got := s.deliver()
		if len(got) != 3 {
			t.Fatalf("%d letters", len(got))
		}
		for _, l := range got {
			if strings.Contains(l.Text+l.HTML+l.Subject, "evil.example") || strings.Contains(l.Text, "Hello") {
				t.Errorf("%s quotes a stranger:\n%s", l.Subject, l.Text)
			}
		}
		s.send(mailJob{Kind: mailPassword, Account: ann.ID})
		if got := s.deliver(); len(got) != 1 || !strings.Contains(got[0].Text, "Hello "+words) {
			t.Error("a letter to a confirmed address greets nobody")
		}
	})
}

// A letter is written in the member's language, else in the site's.
func TestLettersInTheMembersLanguage(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		g.setDefaults(func(s *Site) { s.Language = lang.Find("fr") })
		ann, bob, eve := s.member("ann", func(a *store.Account) { a.PagesLanguage = "de" }), s.member("bob"), s.member("eve", func(a *store.Account) { a.PagesLanguage = "en" })
		at := store.ToMillis(time.Now())
		for _, acc := range []*store.Account{ann, bob, eve} {
			s.send(mailJob{Kind: mailPassword, Account: acc.ID, At: at})
		}
		got := s.deliver()
		if len(got) != 3 {
			t.Fatalf("%d letters", len(got))
		}
		for _, l := range got {
			code, l2 := "fr", lang.Find("fr")
			switch l.To {
			case ann.Email:
				code, l2 = "de", lang.Find("de")
			case eve.Email:
				code, l2 = "en", nil
			}
			if l.Subject != l2.T("Your password was changed") || !strings.Contains(l.HTML, `<html lang="`+code+`">`) || !strings.Contains(strings.Join(strings.Fields(l.Text), " "), mailTime(l2, at)) {
				t.Errorf("to %s: %s\n%s", l.To, l.Subject, l.Text)
			}
			if code != "en" && (strings.Contains(l.Text, "Members are always told") || strings.Contains(l.Text, "nothing to do")) {
				t.Errorf("English in %s:\n%s", code, l.Text)
			}
		}
	})
}

// A member is told of an application once, when it may act. Allowing it again is no news while it acts.
func TestAnApplicationIsToldOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann := s.member("ann")
		app, secret, err := s.CreateApp(s.ctx, NewApp{Name: "Ice Cubes", RedirectURIs: []string{OutOfBand}, Scopes: "read"})
		s.must(err)
		allow := func(exchange bool) {
			t.Helper()
			code, err := s.Authorize(s.ctx, ann, app, Authorization{RedirectURI: OutOfBand, Scopes: "read"})
			s.must(err)
			if exchange {
				_, _, err = s.ExchangeCode(s.ctx, CodeExchange{ClientID: app.ClientID, ClientSecret: secret, Code: code, RedirectURI: OutOfBand})
				s.must(err)
			}
		}
		for range 3 {
			allow(false) // nothing may act yet
		}
		if got := s.deliver(); len(got) != 0 {
			t.Errorf("%d letters of an application that cannot act", len(got))
		}
		for range 3 {
			allow(true)
		}
		if got := s.deliver(); len(got) != 1 || !strings.Contains(got[0].Text, "Ice Cubes") {
			t.Errorf("%d letters of one application", len(got))
		}
		s.must(s.RevokeApplication(s.ctx, ann, app.ID))
		allow(true)
		if got := s.deliver(); len(got) != 1 {
			t.Errorf("%d letters after it was revoked", len(got))
		}
	})
}

// What happens to a member comes by mail as the member chooses, several things at once, and never what the page does not show.
func TestNotificationsByMail(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann, bob, cid, dan := s.member("ann"), s.member("bob"), s.member("cid"), s.member("dan")
		mine := s.post(ann, store.Public, "Harbour")
		choose := func(kind string, mail bool) {
			t.Helper()
			s.must(g.ChooseNotifications(g.ctx, ann, []NotificationChoice{{NotificationKind{Kind: kind}, true, true, mail}}))
		}
		read := func() { t.Helper(); s.must(s.MarkNotificationsRead(s.ctx, ann, 0)); s.again() }
		wanted := func(what string, got []servertest.Letter, lines ...string) servertest.Letter {
			t.Helper()
			if len(lines) == 0 {
				if len(got) != 0 {
					t.Errorf("%s: a mail %q", what, got[0].Subject)
				}
				return servertest.Letter{}
			}
			if len(got) != 1 || got[0].To != ann.Email {
				t.Fatalf("%s: %d mails", what, len(got))
			}
			var items []string
			for _, line := range strings.Split(got[0].Text, "\n") {
				if item, ok := strings.CutPrefix(line, "* "); ok {
					items = append(items, item)
				}
			}
			if !slices.Equal(items, lines) {
				t.Errorf("%s: the mail has %q", what, items)
			}
			return got[0]
		}
		like := func(acc *store.Account) { t.Helper(); s.must(ignoring(g.Like(g.ctx, acc, mine.ID))) }

		like(bob)
		s.comment(bob, mine.ID, "First")
		wanted("nothing was chosen", s.later(48*time.Hour))
		read()
		choose(store.NotifyLike, true)
		choose(store.NotifyMention, true)
		like(cid)
		like(dan)
		wanted("likes wait for others", s.later(3*time.Minute))
		wanted("likes wait for a day", s.later(23*time.Hour))
		l := wanted("a day later", s.later(25*time.Hour), "dan and one other liked your post")
		if l.Subject != "dan and one other liked your post" || !strings.Contains(l.Text, "Harbour") || !strings.Contains(l.Text, g.BaseURL+"/@ann/") {
			t.Errorf("the mail is %q\n%s", l.Subject, l.Text)
		}
		wanted("once", s.later(50*time.Hour))

		read()
		s.comment(bob, mine.ID, "Second")
		s.comment(cid, mine.ID, "Third")
		s.must(ignoring(g.Unlike(g.ctx, bob, mine.ID)))
		like(bob)
		l = wanted("a comment takes the likes along", s.later(26*time.Hour), "bob liked your post", "cid replied to you", "bob replied to you")
		if l.Subject != "3 new things for you" {
			t.Errorf("the subject is %q", l.Subject)
		}
		read()
		s.comment(bob, mine.ID, "Fourth")
		wanted("not twice in an hour", s.later(26*time.Hour+30*time.Minute))
		wanted("after an hour", s.later(27*time.Hour+time.Minute), "bob replied to you")

		read()
		s.comment(bob, mine.ID, "Fifth")
		s.must(s.MarkNotificationsRead(s.ctx, ann, 0))
		wanted("read on the page", s.later(60*time.Hour))
		s.again()
		s.comment(bob, mine.ID, "Read in an app")
		s.readInApp(ann)
		wanted("read in an application", s.later(70*time.Hour))
		s.again()
		s.comment(bob, mine.ID, "Planned, then read in an app")
		s.plan()
		s.readInApp(ann)
		wanted("read in an application before the mail is written", s.later(80*time.Hour))
		s.again()
		s.comment(bob, mine.ID, "Sixth")
		s.must(ignoring(g.Block(g.ctx, ann, bob.ID)))
		wanted("blocked", s.later(90*time.Hour))
		s.must(ignoring(g.Unblock(g.ctx, ann, bob.ID)))

		read()
		s.comment(cid, mine.ID, "Seventh")
		l = wanted("before the end", s.later(120*time.Hour), "cid replied to you")
		off := strings.Trim(l.Header.Get("List-Unsubscribe"), "<>")
		token, ok := strings.CutPrefix(off, g.BaseURL+"/mail/")
		if !ok || l.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.Contains(l.Text, off) || !strings.Contains(l.HTML, off) {
			t.Fatalf("no way to end it: %q", off)
		}
		s.comment(dan, mine.ID, "Eighth")
		for range 2 {
			s.must(g.EndMail(g.ctx, token))
		}
		s.again()
		wanted("after one click", s.later(150*time.Hour))
		choices, err := g.NotificationChoices(g.ctx, ann)
		s.must(err)
		for _, choice := range choices {
			if choice.Mail || !choice.Page {
				t.Errorf("%s is %+v", choice.Kind, choice)
			}
		}
		if err := g.EndMail(g.ctx, token[:len(token)-2]+"AA"); err == nil {
			t.Error("a forged link ends mail")
		}
	})
}

// Those who look after reports get them by mail, until they choose otherwise.
func TestReportsComeByMail(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		s.member("mod", func(a *store.Account) { a.Role = store.RoleAdmin })
		bob, cid := s.member("bob"), s.member("cid")
		bad := s.post(cid, store.Public, "Spam")
		s.must(ignoring(g.Report(g.ctx, bob, Report{TargetID: cid.ID, PostID: bad.ID, Category: "spam", Comment: "Look at this"})))
		got := s.later(3 * time.Minute)
		if len(got) != 1 || got[0].To != "mod@example.org" || got[0].Subject != "bob has reported something" || strings.Contains(got[0].Text, "Look at this") || got[0].Link(g.BaseURL+"/admin/reports") == "" {
			t.Fatalf("%d mails: %+v", len(got), got)
		}
	})
}

// The digest comes once a week to those who chose it, with what whom they follow posted.
func TestDigest(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann, bob, cid := s.member("ann"), s.member("bob"), s.member("cid")
		s.must(ignoring(g.Follow(g.ctx, ann, bob.ID)))
		s.post(bob, store.Public, "Bob's quiet one")
		liked := s.post(bob, store.Followers, "Bob's best")
		s.must(ignoring(g.Follow(g.ctx, cid, bob.ID)))
		s.must(ignoring(g.Like(g.ctx, cid, liked.ID)))
		s.post(cid, store.Public, "Of somebody else")
		if got := s.later(30 * 24 * time.Hour); len(got) != 0 {
			t.Fatalf("%d mails to those who chose none", len(got))
		}
		for range 2 {
			s.must(g.ChooseDigest(g.ctx, ann, true))
		}
		if got := s.later(6 * 24 * time.Hour); len(got) != 0 {
			t.Errorf("%d mails before a week", len(got))
		}
		got := s.later(7*24*time.Hour + time.Hour)
		if len(got) != 1 || got[0].To != ann.Email || got[0].Subject != "The week at Our Club" {
			t.Fatalf("%d mails", len(got))
		}
		l := got[0]
		best, quiet := strings.Index(l.Text, "Bob's best"), strings.Index(l.Text, "Bob's quiet one")
		if best < 0 || quiet < best || strings.Contains(l.Text, "somebody else") {
			t.Errorf("the digest:\n%s", l.Text)
		}
		if got := s.later(13 * 24 * time.Hour); len(got) != 0 {
			t.Errorf("%d mails twice a week", len(got))
		}
		s.must(g.EndMail(g.ctx, strings.TrimPrefix(strings.Trim(l.Header.Get("List-Unsubscribe"), "<>"), g.BaseURL+"/mail/")))
		if wants, err := g.WantsDigest(g.ctx, ann); wants || err != nil {
			t.Errorf("after one click: %v, %v", wants, err)
		}
		if got := s.later(60 * 24 * time.Hour); len(got) != 0 {
			t.Errorf("%d mails after the end", len(got))
		}
	})
}
