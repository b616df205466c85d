package community

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

var (
	markup     = regexp.MustCompile(`(?s)<(?:style|title)>.*?</(?:style|title)>|<[^>]*>`)
	formatting = regexp.MustCompile(`%!|%[a-z]|\{\{|<nil>`)
)

// asRead is a text as a person reads it: without markup, whatever line it stands on.
func asRead(text string) string {
	return strings.Join(strings.Fields(html.UnescapeString(markup.ReplaceAllString(text, " "))), " ")
}

// A letterCase is what comes of an act.
type letterCase struct {
	name    string
	do      func()
	to      string
	subject string
	also    string   // the subject of one more that comes with it
	says    []string // in this order
	link    string   // "" for none
	never   []string
}

// reads sees that the act has one letter sent that says so.
func (s *mailTestSite) reads(c letterCase) {
	s.t.Helper()
	s.deliver()
	c.do()
	var subjects []string
	var got []servertest.Letter
	for _, l := range s.deliver() {
		subjects = append(subjects, l.Subject)
		if l.Subject != c.also {
			got = append(got, l)
		}
	}
	if len(got) != 1 {
		s.t.Errorf("%s: the letters are %q", c.name, subjects)
		return
	}
	l := got[0]
	if l.To != c.to || l.From != "club@example.org" || l.Subject != c.subject || !strings.Contains(l.Header.Get("From"), "Our Club") || l.Header.Get("Message-ID") == "" {
		s.t.Errorf("%s: to %s from %s: %q %v", c.name, l.To, l.From, l.Subject, l.Header)
	}
	if off := l.Header.Get("List-Unsubscribe"); off != "" {
		s.t.Errorf("%s can be turned off: %s", c.name, off)
	}
	if strings.Contains(l.HTML, "<img") || strings.Contains(l.HTML, "src=") || strings.Contains(l.HTML, "<b>full</b>") {
		s.t.Errorf("%s has pictures, or markup of people:\n%s", c.name, l.HTML)
	}
	for part, text := range map[string]string{"text": strings.Join(strings.Fields(l.Text), " "), "HTML": asRead(l.HTML)} {
		from := 0
		for _, words := range c.says {
			at := strings.Index(text[from:], words)
			if at < 0 {
				s.t.Errorf("%s, %s: no %q after the words before it in:\n%s", c.name, part, words, text)
				break
			}
			from += at + len(words)
		}
		if !strings.Contains(text, "Questions: desk@example.org") {
			s.t.Errorf("%s, %s: it does not say whom to ask:\n%s", c.name, part, text)
		}
		for _, words := range append(c.never, "only for the log") {
			if strings.Contains(text, words) {
				s.t.Errorf("%s, %s: %q in:\n%s", c.name, part, words, text)
			}
		}
		if bad := formatting.FindString(text); bad != "" {
			s.t.Errorf("%s, %s: %q in:\n%s", c.name, part, bad, text)
		}
	}
	checkLink(s.t, c.name, l, s.BaseURL, c.link)
}

// Letters about joining, decisions, second factors and leaving come by a real server, and say what a person needs to read: what
// happened, to which account, what to do, and why it came. Text and HTML say the same. None names a moderator.
func TestLettersAsAPersonReadsThem(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		g.setDefaults(func(site *Site) { site.Contact, site.Registration = "desk@example.org", RegistrationApproval })
		s.limitLogins(Limit{Count: 100, Window: 1 << 40})
		boss := s.member("boss", func(a *store.Account) { a.Role = store.RoleOwner })
		by := By{Account: boss, Via: ViaPage, Reason: "only for the log"}
		s.member("ann", func(a *store.Account) { a.DisplayName = "Ann & Co" })
		waits := func(name string) {
			s.must(ignoring(g.SignUp(g.ctx, SignUp{Username: name, Email: name + "@example.org", Password: "correct horse battery", Reason: "I walk with you.", Address: "192.0.2.1"})))
			s.deliver()
		}
		decisionOf := func(name string) int64 {
			acc, err := g.Store.AccountByUsername(store.Primary(g.ctx), name)
			s.must(err)
			list, err := g.OwnDecisions(g.ctx, acc)
			s.must(err)
			return list[0].ID
		}
		appeals := func(accept bool) func() {
			return func() {
				s.must(ignoring(g.WarnMember(g.ctx, by, "ann", Sanction{Words: "Once more."})))
				acc, err := g.Store.AccountByUsername(store.Primary(g.ctx), "ann")
				s.must(err)
				id := decisionOf("ann")
				s.must(g.AppealDecision(g.ctx, acc, id, "It was a joke."))
				s.deliver()
				s.must(g.AnswerAppeal(g.ctx, by, id, accept, "We read it twice."))
			}
		}
		for _, c := range []letterCase{
			{name: "invitation", do: func() { s.must(ignoring(g.InviteByMail(g.ctx, by, "new@example.org", "of the walk", ""))) },
				to: "new@example.org", subject: "An invitation to Our Club",
				says: []string{"@boss has invited you to join Our Club, a site for photographs.", "Join Our Club", "The link works once, until ", "If you do not want to join, you can ignore this mail.", "Somebody who runs the site entered this address."},
				link: g.BaseURL + "/links/", never: []string{"of the walk", "Hello"}},
			{name: "approved", do: func() { waits("cleo"); s.must(ignoring(g.ApproveMember(g.ctx, by, "cleo"))) },
				to: "cleo@example.org", subject: "You are a member of Our Club", also: "Confirm your address",
				says: []string{"You asked to join. Those who run the site have let you in as @cleo", "Log in"}, link: g.BaseURL + "/login", never: []string{"boss", "I walk with you."}},
			{name: "refused", do: func() { waits("dora"); s.must(g.RefuseMember(g.ctx, by, "dora", "We are <b>full</b>, sorry.")) },
				to: "dora@example.org", subject: "Your sign-up at Our Club",
				says: []string{"You asked to join as @dora", "have decided not to let you in.", "They say:", "We are <b>full</b>, sorry.", "What you entered there has been removed."}, never: []string{"boss", "I walk with you."}},
			{name: "decision", do: func() {
				s.must(ignoring(g.WarnMember(g.ctx, by, "ann", Sanction{Words: "Be kind at the <harbour>, please."})))
			},
				to: "ann@example.org", subject: "A warning",
				says: []string{"Hello Ann & Co,", "The moderators have a warning for ", "They say:", "Be kind at the <harbour>, please.", "You may answer once.", "Members are always told of decisions about them."},
				link: g.BaseURL + "/settings/decisions", never: []string{"boss"}},
			{name: "appeal accepted", do: appeals(true), to: "ann@example.org", subject: "About your answer",
				says: []string{"Hello Ann & Co,", "The moderators have read your answer, and taken back the decision about ", "We read it twice.", "You answered a decision of the moderators."},
				link: g.BaseURL + "/settings/decisions", never: []string{"boss", "stands", "It was a joke."}},
			{name: "appeal rejected", do: appeals(false), to: "ann@example.org", subject: "About your answer",
				says: []string{"The moderators have read your answer. The decision about ", " stands.", "We read it twice."},
				link: g.BaseURL + "/settings/decisions", never: []string{"boss", "taken back", "It was a joke."}},
			{name: "a warning taken back", do: func() {
				s.must(ignoring(g.WarnMember(g.ctx, by, "ann", Sanction{Words: "Be kind."})))
				s.deliver()
				s.must(g.UndoDecision(g.ctx, by, decisionOf("ann")))
			}, to: "ann@example.org", subject: "A decision was taken back",
				says: []string{"Hello Ann & Co,", "The moderators have taken back what they decided about ", "Read it", "Members are always told of decisions about them."},
				link: g.BaseURL + "/settings/decisions", never: []string{"boss", "Be kind."}},
			{name: "the end of a limit", do: func() {
				s.must(ignoring(g.LimitMember(g.ctx, by, "ann", Sanction{})))
				s.deliver()
				s.must(ignoring(g.UnlimitMember(g.ctx, by, "ann")))
			}, to: "ann@example.org", subject: "Your account is no longer limited",
				says: []string{"is shown like any other account again."}, link: g.BaseURL + "/settings/decisions", never: []string{"boss"}},
			{name: "the end of a suspension", do: func() {
				s.must(ignoring(g.SuspendMember(g.ctx, by, "ann", Sanction{})))
				id := decisionOf("ann")
				acc, err := g.Store.AccountByUsername(store.Primary(g.ctx), "ann")
				s.must(err)
				s.must(g.AppealDecision(g.ctx, acc, id, "It was a joke."))
				s.must(g.AnswerAppeal(g.ctx, by, id, false, "No."))
				s.deliver()
				s.must(ignoring(g.UnsuspendMember(g.ctx, by, "ann")))
			}, to: "ann@example.org", subject: "Your account is no longer suspended",
				says: []string{"The suspension of ", " has ended. You can log in and post again."}, link: g.BaseURL + "/settings/decisions", never: []string{"boss", "stands"}},
			{name: "factor removed", do: func() {
				acc, _, _ := s.withTOTP("finn")
				factors, err := g.TwoFactorsOf(g.ctx, acc)
				s.must(err)
				s.deliver() // that of the one that was added
				s.must(g.RemoveFactor(g.ctx, acc, Confirmation{Password: "correct horse battery"}, factors.Factors[0].ID))
			}, to: "finn@example.org", subject: "A second factor was removed",
				says: []string{"Hello ", "A second factor of ", "@finn", " was removed on ", "See your second factors", "Members are always told of changes to second factors."},
				link: g.BaseURL + "/settings/two-factors", never: []string{"added"}},
			{name: "leaving", do: func() {
				acc, _, _ := s.withTOTP("gil")
				s.deliver()
				s.must(g.LeaveAccount(g.ctx, acc, Confirmation{Password: "correct horse battery"}))
			}, to: "gil@example.org", subject: "Your account is closed",
				says: []string{"You have left: nobody sees ", "@gil", "you can log in and come back, and everything is there again. Then it is deleted with everything in it.", "Come back", "Members who leave are always told."},
				link: g.BaseURL + "/login", never: []string{"moderators"}},
			{name: "suspended", do: func() { s.must(ignoring(g.SuspendMember(g.ctx, by, "ann", Sanction{Words: "Enough now."}))) },
				to: "ann@example.org", subject: "Your account is suspended",
				says: []string{"Hello Ann & Co,", "The moderators have suspended ", "nobody sees it, and you cannot post.", "They say:", "Enough now."}, link: g.BaseURL + "/login", never: []string{"boss", "It ends on"}},
		} {
			s.reads(c)
		}
	})
}

// checkLink sees that the letter's one button leads there, in both of its parts; nowhere where link is "".
func checkLink(t testing.TB, name string, l servertest.Letter, base, link string) {
	t.Helper()
	if link == "" {
		if got := l.Link(base + "/"); got != "" {
			t.Errorf("%s leads to %s", name, got)
		}
		return
	}
	got := l.Link(link)
	if got == "" || !strings.Contains(l.HTML, `href="`+got+`"`) {
		t.Errorf("%s leads to %q, want %s…, in both parts:\n%s", name, got, link, l.Text)
	}
}

// A decision that is taken back, or whose answer is decided, before its mail went is told once, as it is then. What follows later has
// a mail of its own.
func TestADecisionIsToldAsItIs(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann := s.member("ann")
		newest := func() int64 {
			list, err := g.OwnDecisions(g.ctx, ann)
			s.must(err)
			return list[0].ID
		}
		warn := func() { s.must(ignoring(g.WarnMember(g.ctx, ByCommand(""), "ann", Sanction{Words: "Be kind."}))) }
		takeBack := func() { s.must(g.UndoDecision(g.ctx, ByCommand(""), newest())) }
		limit := func() { s.must(ignoring(g.LimitMember(g.ctx, ByCommand(""), "ann", Sanction{}))) }
		unlimit := func() { s.must(ignoring(g.UnlimitMember(g.ctx, ByCommand(""), "ann"))) }
		answer := func() {
			s.must(g.AppealDecision(g.ctx, ann, newest(), "A joke."))
			s.must(g.AnswerAppeal(g.ctx, ByCommand(""), newest(), false, ""))
		}
		send := func() { s.deliver() }
		for name, c := range map[string]struct {
			acts []func()
			want int
		}{
			"taken back at once":       {[]func(){warn, takeBack}, 1},
			"taken back later":         {[]func(){warn, send, takeBack}, 2},
			"limited and not":          {[]func(){limit, unlimit}, 1},
			"limited, not, and again":  {[]func(){limit, unlimit, limit, send, unlimit}, 3},
			"answered at once":         {[]func(){warn, answer}, 1},
			"answered, and taken back": {[]func(){warn, send, answer, takeBack}, 2},
		} {
			before := len(s.server.Letters())
			for _, act := range c.acts {
				act()
			}
			send()
			if n := len(s.server.Letters()) - before; n != c.want {
				t.Errorf("%s: %d mails, want %d", name, n, c.want)
			}
		}
	})
}
