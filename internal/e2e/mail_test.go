package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// Mail is read and answered as people do it, through the real program: an address is confirmed, changed and brought back, and
// a password is forgotten.
func TestMail(t *testing.T) {
	server := servertest.NewMailServer(t, servertest.MailServerOptions{User: "club@example.org", Password: "smtp-password", Answer: func(n int, _ servertest.Letter) error {
		if n == 1 {
			return servertest.ErrHangUp // its answer is lost: it comes again
		}
		return nil
	}})
	site := servertest.Tintype(t, "SMTP_URL="+server.URL(), "MAIL_FROM=Our Club <club@example.org>")
	page := func(l servertest.Letter) string {
		t.Helper()
		link := l.Link(site.URL + "/mail/")
		if link == "" {
			t.Fatalf("there is no link in:\n%s", l.Text)
		}
		if !strings.Contains(l.HTML, `href="`+link+`"`) {
			t.Errorf("the HTML lacks the text's link:\n%s", l.HTML)
		}
		return strings.TrimPrefix(link, site.URL)
	}

	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	grace := servertest.NewClient(t, site.URL).SignUp("grace")
	ada.Get("/settings").Want(http.StatusOK).Has("Confirm ada@example.org", "Send it again")
	server.Await(t, "grace@example.org", "Confirm your address")
	servertest.Eventually(t, "the first mail comes again, its answer was lost", func() bool { return len(server.Letters()) == 3 })
	first := server.Letters()[0]
	twice := server.To(first.To, "Confirm your address")
	if len(twice) != 2 || twice[0].Header.Get("Message-ID") != twice[1].Header.Get("Message-ID") || first.Header.Get("Message-ID") == "" {
		t.Errorf("%d mails, and they are not one cause's", len(twice))
	}
	verify := server.Await(t, "ada@example.org", "Confirm your address")
	if strings.Contains(verify.Raw, "grace") {
		t.Error("another member is in the mail")
	}

	// Nothing but a confirmed address gets a link.
	stranger := servertest.NewClient(t, site.URL)
	stranger.Get("/login").Has("/forgot-password")
	sent := stranger.Post("/forgot-password", "email", "ada@example.org").Want(http.StatusOK).Has("is on its way")
	nobody := stranger.Post("/forgot-password", "email", "nobody@example.org").Want(http.StatusOK)
	if strings.ReplaceAll(sent.Body, "ada@", "nobody@") != nobody.Body {
		t.Error("the answer tells who is a member")
	}
	if l := server.Await(t, "ada@example.org", "About your password"); l.Link(site.URL+"/mail/") != "" {
		t.Error("an address that nobody confirmed gets a link")
	}

	link := page(verify)
	stranger.Get(link).Want(http.StatusOK).Has("Confirm your address", "ada@example.org") // changes nothing
	ada.Get("/settings").Has("Send it again")
	stranger.Post(link).Want(http.StatusOK).Has("Confirmed")
	ada.Get("/settings").Lacks("Send it again")
	stranger.Post(link).Want(http.StatusNotFound).Has("no longer works")
	stranger.Get(link + "x").Want(http.StatusNotFound)

	// An export is told of to an address that was confirmed, and to no other.
	for _, m := range []*servertest.Client{grace, ada} {
		m.Post("/settings/export", "password", servertest.Password).Want(http.StatusOK)
		servertest.Within(t, time.Minute, "the export can be downloaded", func() bool {
			return exportLink.MatchString(m.Get("/settings/export").Want(http.StatusOK).Body)
		})
	}
	ready := server.Await(t, "ada@example.org", "Your export is ready")
	export := ready.Link(site.URL + "/settings/export")
	if export != site.URL+"/settings/export" || !strings.Contains(ready.HTML, `href="`+export+`"`) {
		t.Errorf("the letter leads to %q:\n%s", export, ready.Text)
	}
	ada.Get(strings.TrimPrefix(export, site.URL)).Want(http.StatusOK).Has(`href="/settings/export/`)

	// A forgotten password.
	stranger.Post("/forgot-password", "email", "ADA@example.org").Want(http.StatusOK)
	reset := page(server.Await(t, "ada@example.org", "Choose a new password"))
	stranger.Post(reset, "password", "short").Want(http.StatusUnprocessableEntity)
	stranger.Post(reset, "password", "quiet harbour lamps").Want(http.StatusOK)
	stranger.LoggedIn("ada")
	ada.LoggedOut()
	stranger.Post(reset, "password", "another of these").Want(http.StatusNotFound)
	server.Await(t, "ada@example.org", "Your password was changed")

	// A log-in in a browser that was never seen.
	other := servertest.NewClient(t, site.URL)
	other.LogIn("ada", "quiet harbour lamps").Want(http.StatusOK)
	server.Await(t, "ada@example.org", "A new log-in")

	// Another address counts once it is confirmed, and the old one brings itself back.
	other.Post("/settings/account", "what", "email", "email", "new@example.org", "current_password", "quiet harbour lamps").Want(http.StatusOK).Has("on its way", "ada@example.org")
	change := page(server.Await(t, "new@example.org", "Confirm your new address"))
	stranger.Post(change).Want(http.StatusOK).Has("new@example.org")
	undo := page(server.Await(t, "ada@example.org", "Your address was changed"))
	stranger.Post("/logout").Want(http.StatusOK)
	stranger.Get(undo).Want(http.StatusOK).Has("ada@example.org")
	stranger.Post(undo).Want(http.StatusOK).Has("Choose a new password")
	other.LoggedOut()
	stranger.Post(undo).Want(http.StatusNotFound)

	for _, secret := range []string{strings.TrimPrefix(link, "/mail/"), strings.TrimPrefix(reset, "/mail/"), "smtp-password", "@example.org", "club@"} {
		if strings.Contains(site.Logs(), secret) {
			t.Errorf("the log tells %s", secret)
		}
	}
	if n := len(server.To("nobody@example.org", "")); n != 0 {
		t.Errorf("%d mails to nobody", n)
	}
	for address, want := range map[string]int{"ada@example.org": 1, "grace@example.org": 0} {
		if n := len(server.To(address, "Your export is ready")); n != want {
			t.Errorf("%d mails to %s about an export, want %d", n, address, want)
		}
	}
}

// Without a server, mail is kept as files, and no page promises any.
func TestMailWithoutServer(t *testing.T) {
	site := servertest.Tintype(t, "CONTACT=club@example.org")
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	ada.Get("/settings").Want(http.StatusOK).Lacks("Send it again")
	servertest.NewClient(t, site.URL).Get("/forgot-password").Want(http.StatusOK).Has("sends no mail", "club@example.org")
	servertest.NewClient(t, site.URL).Post("/forgot-password", "email", "ada@example.org").Want(http.StatusNotFound)
	if !strings.Contains(site.Logs(), "kept as files") {
		t.Error("the log does not say where mail goes")
	}
	servertest.Eventually(t, "the mail is a file", func() bool { return site.HasFile("mail", ".eml") })
}
