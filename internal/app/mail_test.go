package app

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// The button of a mail program posts to the address in List-Unsubscribe, without a session, a page before, or an origin. People
// open it, and find a page that asks.
func TestOneClickEndsMail(t *testing.T) {
	server := servertest.NewMailServer(t, servertest.MailServerOptions{})
	site, _ := wired(t, "REGISTRATION=open", "VISITORS=none", "TRUSTED_PROXIES=1", "SMTP_URL="+server.URL(), "MAIL_FROM=club@example.org")
	anna := signedUp(t, site)
	ctx := store.Primary(t.Context())
	c, closeAll, err := openCommunity(ctx, site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	if _, err := c.Store.SQL().ExecContext(ctx, "UPDATE accounts SET email_verified_at = 1"); err != nil {
		t.Fatal(err)
	}
	page := anna.send("GET", "/settings/notifications").Body.String()
	if !strings.Contains(page, `name="digest"`) || !strings.Contains(page, `name="mail"`) {
		t.Fatalf("the page offers no mail:\n%s", page)
	}
	anna.send("POST", "/settings/notifications", "by_mail", "on", "digest", "on")
	anna.send("POST", "/settings/notifications", "kind", "mention") // a form that offers no mail changes none
	acc, err := c.Store.AccountByUsername(ctx, "anna")
	if err != nil {
		t.Fatal(err)
	}
	// Something waits for her, so that there is a week to tell of.
	berta, err := c.SignUp(ctx, community.SignUp{Username: "berta", Email: "berta@example.org", Password: "correct horse battery", Address: "192.0.2.9"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Follow(ctx, berta, acc.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteDueMail(ctx, store.ToMillis(time.Now().Add(8*24*time.Hour))); err != nil {
		t.Fatal(err)
	}
	letter := server.Await(t, "anna@example.org", "The week at")
	off := strings.Trim(letter.Header.Get("List-Unsubscribe"), "<>")
	path := off[strings.Index(off, "/mail/"):]
	wants := func() bool {
		t.Helper()
		on, err := c.WantsDigest(ctx, acc)
		if err != nil {
			t.Fatal(err)
		}
		return on
	}
	if w := site.ask("GET", path, ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<button") || !wants() {
		t.Errorf("to open it: %d", w.Code)
	}
	if w := site.ask("POST", path+"x", "List-Unsubscribe=One-Click", "Content-Type: application/x-www-form-urlencoded"); w.Code != http.StatusNotFound || !wants() {
		t.Errorf("a forged address: %d", w.Code)
	}
	for range 2 {
		if w := site.ask("POST", path, "List-Unsubscribe=One-Click", "Content-Type: application/x-www-form-urlencoded"); w.Code != http.StatusOK || wants() {
			t.Errorf("one click: %d", w.Code)
		}
	}
	if strings.Contains(site.logged.String(), strings.TrimPrefix(path, "/mail/")) {
		t.Error("the log tells the address")
	}
}

// Who is suspended or has left, and has forgotten the password, gets another one by mail, and with it to what is left: on a site for
// members only as on any other. Who waits to be let in, and whose account is deleted, get none.
func TestAForgottenPasswordOfWhoIsShutOut(t *testing.T) {
	server := servertest.NewMailServer(t, servertest.MailServerOptions{})
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "VISITORS=none", "REGISTRATION=open", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h", "SMTP_URL=" + server.URL(), "MAIL_FROM=club@example.org"}
	site, _ := wired(t, env...)
	ctx := store.Primary(t.Context())
	c, closeAll, err := openCommunity(ctx, site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	at := func(name string) *browser {
		return (&browser{site, "192.0.2.1", map[string]string{}}).joins(t, name)
	}
	for _, name := range []string{"anna", "ben", "carl"} {
		at(name)
	}
	if _, err := c.Store.SQL().ExecContext(ctx, "UPDATE accounts SET email_verified_at = 1"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"leave", "anna"}, {"suspend", "ben"}, {"delete", "carl", "--yes"}} {
		if code, _, stderr := runCommand(env, append([]string{"account"}, args...)...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	for _, name := range []string{"carl", "anna", "ben"} {
		b := &browser{site, "192.0.2.2", map[string]string{}}
		if w := b.send("POST", "/forgot-password", "email", name+"@example.org"); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	for name, left := range map[string]string{"anna": "/leaving", "ben": "/suspended"} {
		b := &browser{site, "192.0.2.3", map[string]string{}}
		link := server.Await(t, name+"@example.org", "password").Link(c.BaseURL + "/mail/")
		path := strings.TrimPrefix(link, c.BaseURL)
		if w := b.send("GET", path); w.Code != http.StatusOK {
			t.Fatalf("%s opens %q: %d", name, link, w.Code)
		}
		if w := b.send("POST", path, "password", "battery staple correct"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != left {
			t.Errorf("%s chooses a password: %d %v", name, w.Code, w.Header())
		}
		if w := b.send("GET", left); w.Code != http.StatusOK {
			t.Errorf("%s: %d %v", left, w.Code, w.Header())
		}
		if b.in(t) {
			t.Errorf("%s is logged in", name)
		}
		if w := b.send("POST", path, "password", "another one that fits"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "If you have just used it, it worked.") {
			t.Errorf("the link of %s, sent twice: %d\n%s", name, w.Code, w.Body)
		}
		server.Await(t, name+"@example.org", "changed")
		b = &browser{site, "192.0.2.4", map[string]string{}}
		if w := b.send("POST", "/login", "name", name, "password", "battery staple correct"); w.Header().Get("Location") != left {
			t.Errorf("%s logs in: %d %v", name, w.Code, w.Header())
		}
	}
	for _, l := range server.Letters() {
		if l.To == "carl@example.org" && strings.Contains(l.Text, c.BaseURL+"/mail/") && strings.Contains(l.Subject, "password") {
			t.Errorf("a deleted account gets a link: %+v", l)
		}
	}
}

// Those who run the site see whom mail does not reach: on the overview, in the lists and on the pages of members and invitations, and
// by commands.
func TestMailThatFailsIsShown(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SMTP_URL=smtp://127.0.0.1:9", "MAIL_FROM=club@example.org"}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	memberOf(t, site, "anna")
	command := func(args ...string) string {
		t.Helper()
		code, out, stderr := runCommand(env, args...)
		if code != 0 {
			t.Fatal(args, stderr)
		}
		return out
	}
	command("account", "role", "boss", "owner")
	page := func(path string) string { return site.ask("GET", path, "", boss).Body.String() }
	w := site.ask("POST", "/admin/invitations/mail", "addresses=x%40example.net&idempotency_key=k", boss, "Content-Type: application/x-www-form-urlencoded")
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	_, rest, _ := strings.Cut(page("/admin/invitations"), `href="/admin/invitations/`)
	invitation, _, _ := strings.Cut(rest, `"`)
	if now := page("/admin"); strings.Contains(now, "does not reach") || strings.Contains(now, "did not arrive") {
		t.Error("the overview tells of mail that has not failed")
	}
	c, closeAll, err := openCommunity(store.Primary(t.Context()), site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	for _, statement := range []string{"UPDATE accounts SET mail_failed_at = created_at WHERE username = 'anna'", "UPDATE invitations SET mail_failed_at = created_at"} {
		if _, err := c.Store.SQL().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"/admin": "Members whom mail does not reach: 1", "/admin/members?state=unreached": "/admin/members/anna", "/admin/members/anna": "could not be delivered",
		"/admin/invitations": "Works, but its mail did not arrive", "/admin/invitations/" + invitation: "could not be delivered",
	} {
		if body := page(path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, body)
		}
	}
	if body := page("/admin"); !strings.Contains(body, "Invitations whose mail did not arrive: 1") {
		t.Error("the overview does not count the invitation")
	}
	if body := page("/admin/members?state=unreached"); strings.Contains(body, "/admin/members/boss") {
		t.Error("the list has somebody whom mail reaches")
	}
	for _, c := range []struct{ out, want string }{
		{command("account", "show", "anna"), "not delivered"}, {command("account", "list", "--state", "unreached"), "anna"}, {command("invitation", "list"), "the mail failed"},
	} {
		if !strings.Contains(c.out, c.want) {
			t.Errorf("no %q in %s", c.want, c.out)
		}
	}
}
