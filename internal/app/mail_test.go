package app

import (
	"net/http"
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
