package app

import (
	"context"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A typedSite is one on which somebody types what must not be lost.
type typedSite struct {
	*testSite
	t   *testing.T
	c   *community.Community
	ctx context.Context
}

func newTypedSite(t *testing.T, env ...string) *typedSite {
	t.Helper()
	site, _ := wired(t, append([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=1000/1h"}, env...)...)
	s := &typedSite{testSite: site, t: t, ctx: store.Primary(t.Context())}
	c, closeAll, err := openCommunity(s.ctx, site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeAll() })
	s.c = c
	return s
}

// joins is a browser of somebody who has just joined, in a role.
func (s *typedSite) joins(name, role string) *browser {
	s.t.Helper()
	b := (&browser{s.testSite, "192.0.2.1", map[string]string{}}).joins(s.t, name)
	if role != store.RoleMember {
		s.must(ignore(s.c.SetMemberRole(s.ctx, community.ByCommand(""), name, role)))
	}
	return b
}

func ignore[T any](_ T, err error) error { return err }

func (s *typedSite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// answers sends a form and wants an answer with all of the parts.
func (s *typedSite) answers(b *browser, path string, code int, form []string, parts ...string) string {
	s.t.Helper()
	w := b.send("POST", path, form...)
	if w.Code != code {
		s.t.Errorf("%s: %d %s, want %d", path, w.Code, w.Header().Get("Location"), code)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String()+w.Header().Get("Location"), part) {
			s.t.Errorf("%s: no %q in\n%s", path, part, w.Body)
		}
	}
	return w.Body.String()
}

// A suspended member answers once. An answer that was written slowly goes along to the log-in, and comes back to be sent.
func TestASlowAnswerToADecisionIsKept(t *testing.T) {
	s := newTypedSite(t)
	anna := s.joins("anna", store.RoleMember)
	s.must(ignore(s.c.SuspendMember(s.ctx, community.ByCommand(""), "anna", community.Sanction{Words: "Enough."})))
	acc, err := s.c.Store.AccountByUsername(s.ctx, "anna")
	s.must(err)
	list, err := s.c.OwnDecisions(s.ctx, acc)
	s.must(err)
	path := "/suspended/decisions/" + idOf(list[0].ID)
	anna.cookies = map[string]string{}
	const words = "It was a joke, and I am sorry."
	page := s.answers(anna, path, http.StatusUnauthorized, []string{"words", words}, words, `action="/login"`)
	s.answers(anna, "/login", http.StatusOK, []string{"name", "anna", "password", password, "then", hiddenIn(t, page, "then"), "then.words", hiddenIn(t, page, "then.words")},
		words, `action="`+path+`"`)
	s.answers(anna, path, http.StatusSeeOther, []string{"words", words}, path)
	if w := anna.send("GET", path); !strings.Contains(w.Body.String(), words) {
		t.Errorf("the answer is lost:\n%s", w.Body)
	}
	// Nothing else is carried to somebody who is suspended.
	anna.cookies = map[string]string{}
	s.answers(anna, "/suspended/export", http.StatusSeeOther, []string{"export_password", password}, "/login")
	s.answers(anna, "/login", http.StatusSeeOther, []string{"name", "anna", "password", password, "then", "/compose", "then.caption", words}, "/suspended")

	// While an export is made the page is not loaded anew under what is typed there.
	s.answers(anna, "/suspended/export", http.StatusSeeOther, []string{"export_password", password})
	for _, state := range []string{store.ExportWorking, store.ExportFailed} {
		servertest.Eventually(t, "the export is made", func() bool {
			e, err := s.c.ExportOf(s.ctx, acc)
			return err == nil && e != nil && e.State == store.ExportReady
		})
		_, err := s.c.Store.SQL().ExecContext(s.ctx, "UPDATE exports SET state = '"+state+"'")
		s.must(err)
		want := map[string]string{store.ExportWorking: "It is being packed.", store.ExportFailed: "could not be made"}[state]
		if w := anna.send("GET", "/suspended"); w.Header().Get("Refresh") != "" || !strings.Contains(w.Body.String(), want) {
			t.Errorf("an export that is %s: %q\n%s", state, w.Header().Get("Refresh"), w.Body)
		}
		_, err = s.c.Store.SQL().ExecContext(s.ctx, "UPDATE exports SET state = '"+store.ExportReady+"'")
		s.must(err)
	}
}

// What is longer than the site takes, or comes too often, stands in the form again. A line's end is one character, as a browser
// counts it.
func TestRefusedWordsStandInTheFormAgain(t *testing.T) {
	s := newTypedSite(t, "REPORT_LIMIT=1/1h", "POST_LIMIT=1/1h")
	mod, anna := s.joins("moda", store.RoleModerator), s.joins("anna", store.RoleMember)
	s.joins("bob", store.RoleMember)
	report := func(words string) []string { return []string{"reason", "spam", "text", words} }
	s.answers(anna, "/@bob/report", http.StatusSeeOther, report("Shoes."))
	s.answers(anna, "/@bob/report", http.StatusTooManyRequests, report("Shoes again."), "Shoes again.")
	a, err := s.c.Announce(s.ctx, community.ByCommand(""), community.NewAnnouncement{Text: "We walk."})
	s.must(err)
	comments := "/announcements/" + idOf(a.ID) + "/comments"
	s.answers(anna, comments, http.StatusSeeOther, []string{"text", "Where?"})
	s.answers(anna, comments, http.StatusTooManyRequests, []string{"text", "And when?"}, "And when?</textarea>")

	// One more than a page waits, so that there is a second one.
	now := store.ToMillis(time.Now())
	waits := func(name string) {
		t.Helper()
		a := &store.Account{ID: s.c.Store.NewID(), Username: name, UsernameKey: name, Role: store.RoleMember, DefaultVisibility: store.Public, DefaultLicence: community.AllRightsReserved, WarnedPhotos: "ask", Theme: "system", WaitingAt: &now, SuspendedAt: &now}
		s.must(s.c.Store.CreateAccount(s.ctx, a))
	}
	for i := range community.WaitingPage {
		waits("first" + idOf(int64(i)))
	}
	for _, name := range []string{"second1", "second2", "second3"} {
		waits(name)
	}
	page := mod.send("GET", "/admin/waiting").Body.String()
	_, rest, _ := strings.Cut(page, `href="/admin/waiting?after=`)
	after, _, found := strings.Cut(rest, `"`)
	if !found || strings.Contains(page, "@second1") {
		t.Fatalf("there is no second page:\n%s", page)
	}
	here := "/admin/waiting?after=" + after
	if page := mod.send("GET", here).Body.String(); hiddenIn(t, page, "after") != after || strings.Count(page, "/refuse\"") != 3 {
		t.Errorf("the second page:\n%s", page)
	}
	lines := strings.Repeat("Line.\r\n", 166) + "3456" // 1000 characters, as a browser counts
	s.answers(mod, "/admin/waiting/second1/refuse", http.StatusUnprocessableEntity, []string{"after", after, "words", lines + "x"}, "3456x</textarea>", "@second2", "open>")
	s.answers(mod, "/admin/waiting/second1/refuse", http.StatusSeeOther, []string{"after", after, "words", lines}, here)
	s.answers(mod, "/admin/waiting/second2/approve", http.StatusSeeOther, []string{"after", after}, here)
	s.answers(mod, "/admin/waiting/second3/approve", http.StatusSeeOther, []string{"after", after}, here)
	if page := mod.send("GET", here).Body.String(); !strings.Contains(page, "@first0") {
		t.Errorf("where all of a page are decided, nobody is listed:\n%s", page)
	}
	words := strings.Repeat("Line.\r\n", 333) + "12"
	s.answers(mod, "/admin/members/bob/note", http.StatusSeeOther, []string{"note", words})
	s.answers(mod, "/admin/members/bob/decide", http.StatusSeeOther, []string{"decision", "warn", "words", words, "reason", "shoes"})
	s.answers(mod, "/admin/members/bob/note", http.StatusUnprocessableEntity, []string{"note", words + "x"}, "12x</textarea>")
}

// A decision about a held post leads back to the part of the list where the post stood, and so does a refusal, with the words.
func TestHeldPostsAreDecidedWhereTheyStand(t *testing.T) {
	s := newTypedSite(t)
	mod := s.joins("moda", store.RoleModerator)
	s.joins("anna", store.RoleMember)
	acc, err := s.c.Store.AccountByUsername(s.ctx, "anna")
	s.must(err)
	var ids []string
	for range 25 {
		h := &store.HeldPost{ID: s.c.Store.NewID(), AccountID: acc.ID, State: store.HeldWaits, Payload: `{"Caption":"Hello","Visibility":"public"}`, CreatedAt: 1}
		s.must(s.c.Store.AddHeldPost(s.ctx, h))
		ids = append(ids, idOf(h.ID))
	}
	page := mod.send("GET", "/admin/held").Body.String()
	here := ""
	for _, order := range []string{`data-older href="`, `rel="prev" href="`} {
		if _, rest, ok := strings.Cut(page, order); ok && here == "" {
			here, _, _ = strings.Cut(rest, `"`)
		}
	}
	second := mod.send("GET", here).Body.String()
	held := ""
	for _, id := range ids {
		if strings.Contains(second, "/admin/held/"+id+"/reject") && !strings.Contains(page, "/admin/held/"+id+"/reject") {
			held = id
		}
	}
	if held == "" || hiddenIn(t, second, "return") != here {
		t.Fatalf("the second page %q:\n%s", here, second)
	}
	s.answers(mod, "/admin/held/"+held+"/reject", http.StatusUnprocessableEntity, []string{"return", here, "words", strings.Repeat("x", 2001)}, "/admin/held/"+held+"/reject", strings.Repeat("x", 2001)+"</textarea>")
	s.answers(mod, "/admin/held/"+held+"/reject", http.StatusSeeOther, []string{"return", here, "words", "No."}, here)
}

// Whose role needs a second factor from one moment to the next reads why nothing was done, and keeps what was entered.
func TestWordsAreKeptUntilASecondFactorIsThere(t *testing.T) {
	s := newTypedSite(t)
	mod := s.joins("moda", store.RoleModerator)
	s.joins("anna", store.RoleMember)
	role := store.RoleModerator
	s.must(s.c.SetSite(s.ctx, community.ByCommand(""), map[string]*string{"two_factors": &role}))
	servertest.Eventually(t, "the site asks moderators for a second factor", func() bool { return mod.send("GET", "/admin").Code == http.StatusSeeOther })
	form := []string{"note", "Told her at the walk.", "idempotency_key", "k", "some_password", password}
	page := s.answers(mod, "/admin/members/anna/note", http.StatusForbidden, form, "needs a second factor now", "Told her at the walk.", `action="/admin/members/anna/note"`, `href="/settings/two-factors"`)
	if strings.Contains(page, password) {
		t.Error("the page has the password")
	}
	setUp(t, mod)
	s.answers(mod, "/admin/members/anna/note", http.StatusSeeOther, []string{"note", hiddenIn(t, page, "note"), "idempotency_key", hiddenIn(t, page, "idempotency_key")})
}

// Whoever puts a form of the first steps right is back at the first steps afterwards.
func TestFirstStepsGoOnAfterAMistake(t *testing.T) {
	s := newTypedSite(t)
	boss := s.joins("boss", store.RoleOwner)
	const steps = "/admin/first-steps"
	page := s.answers(boss, "/admin/site", http.StatusUnprocessableEntity, []string{"return", steps, "name", "", "was_name", "Tintype", "description", "Walkers."}, "Walkers.")
	if back := hiddenIn(t, page, "return"); back != steps {
		t.Errorf("the form leads to %s", back)
	}
	page = s.answers(boss, "/admin/site", http.StatusOK, []string{"return", steps, "name", "Club", "was_name", "Tintype", "preview", "on"}, "Nothing is saved yet.")
	if back := hiddenIn(t, page, "return"); back != steps {
		t.Errorf("after a preview the form leads to %s", back)
	}
	s.answers(boss, "/admin/site", http.StatusSeeOther, []string{"return", steps, "name", "Club", "was_name", "Tintype"}, steps)
	w := boss.send("POST", "/admin/invitations", "note", "walkers", "uses", "many", "days", "30")
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d", w.Code)
	}
	w = boss.send("POST", "/admin/invitations", "note", "walkers", "uses", "1", "days", "30")
	if page := boss.send("GET", w.Header().Get("Location")).Body.String(); !strings.Contains(page, `href="`+steps+`"`) {
		t.Errorf("the invitation leads nowhere:\n%s", page)
	}
	s.answers(boss, steps+"/close", http.StatusSeeOther, nil)
	if page := boss.send("GET", w.Header().Get("Location")).Body.String(); strings.Contains(page, `href="`+steps+`"`) {
		t.Error("closed first steps are pointed at")
	}
}

// A profile that was written slowly goes along to the log-in, and is saved by the page that follows, without scripts.
func TestASlowProfileIsKept(t *testing.T) {
	_, front := siteWithFront(t)
	front.join("mia")
	mia := front.visitor()
	mia.Stay = true
	hidden := func(a servertest.Answer) (parts []servertest.Part) {
		for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(a.Body, -1) {
			parts = append(parts, servertest.Part{Field: m[1], Data: []byte(m[2])})
		}
		return parts
	}
	const path, bio = "/settings/profile", "Bridges at night"
	words := []servertest.Part{{Field: "display_name", Data: []byte("Mia")}, {Field: "bio", Data: []byte(bio)}, {Field: "discoverable", Data: []byte("on")}}
	page := mia.Do(servertest.Multipart(path, words...)).Want(http.StatusUnauthorized)
	entered := []string{"name", "mia", "password", servertest.Password}
	for _, part := range hidden(page) {
		entered = append(entered, part.Field, string(part.Data))
	}
	page = mia.Post("/login", entered...).Want(http.StatusOK).Has(bio+"</blockquote>", `action="`+path+`"`)
	var again servertest.Request
	if carried := hidden(page); page.Holds(`action="` + path + `" enctype="multipart/form-data"`) {
		again = servertest.Multipart(path, carried...)
	} else {
		var pairs []string
		for _, part := range carried {
			pairs = append(pairs, part.Field, string(part.Data))
		}
		again = servertest.Form(path, pairs...)
	}
	mia.Do(again).Want(http.StatusSeeOther)
	mia.Get("/@mia").Want(http.StatusOK).Has(bio)
}
