package app

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"tintype/internal/doctor"
	"tintype/internal/servertest"
)

// The doctor sends one mail a run, as `tintype mail test` does, and says honestly what became of it. The running site,
// which alarms ask, sends none.
func TestDoctorSendsOneMail(t *testing.T) {
	noMailbox := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	for _, c := range []struct {
		name    string
		server  servertest.MailServerOptions
		env     []string
		status  string
		to      string // of the one mail that the server saw
		says    []string
		mails   int
		advises string
	}{
		{name: "taken", server: servertest.MailServerOptions{User: "club", Password: "smtp-password"}, env: []string{"MAIL_FROM=Our Club <club@example.org>", "CONTACT=desk@example.org"},
			status: doctor.OK, to: "club@example.org", mails: 1, says: []string{"took a mail to club@example.org", "look there whether it came"}},
		{name: "the contact without MAIL_FROM", env: []string{"CONTACT=desk@example.org"}, status: doctor.OK, to: "desk@example.org", mails: 1, says: []string{"took a mail to desk@example.org"}},
		{name: "a contact that is no address", env: []string{"CONTACT=https://club.example/desk"}, status: doctor.OK, says: []string{"no mail was sent: MAIL_FROM is not set"}},
		{name: "a sender that the server does not know", server: servertest.MailServerOptions{Rcpt: func(string) error {
			return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 1, 8}, Message: "sender's domain not found"}
		}}, env: []string{"MAIL_FROM=club@example.org"}, status: doctor.Failure, says: []string{"took no mail to club@example.org"}, advises: "MAIL_FROM"},
		{name: "later", server: servertest.MailServerOptions{Rcpt: func(string) error {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come again"}
		}}, env: []string{"MAIL_FROM=club@example.org"}, status: doctor.Warning, says: []string{"takes no mail to club@example.org now", "greylisted"}, advises: "mail test"},
		{name: "no mailbox", server: servertest.MailServerOptions{Rcpt: func(string) error { return noMailbox }}, env: []string{"MAIL_FROM=club@example.org"},
			status: doctor.Warning, says: []string{"lets the site in, and takes no mail to club@example.org", "no such mailbox"}, advises: "MAIL_FROM"},
		{name: "refused", server: servertest.MailServerOptions{Answer: func(int, servertest.Letter) error {
			return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "this sender may not"}
		}}, env: []string{"MAIL_FROM=club@example.org"}, status: doctor.Failure, to: "club@example.org", mails: 1, says: []string{"took no mail to club@example.org", "this sender may not"}, advises: "MAIL_FROM"},
		// The server may have kept it: a check that is made once more sends no second one.
		{name: "no answer", server: servertest.MailServerOptions{Answer: func(int, servertest.Letter) error { return servertest.ErrHangUp }}, env: []string{"MAIL_FROM=club@example.org"},
			status: doctor.Failure, to: "club@example.org", mails: 1, says: []string{"took no mail to club@example.org"}, advises: "MAIL_FROM"},
		{name: "a wrong password", server: servertest.MailServerOptions{User: "club", Password: "another"}, env: []string{"MAIL_FROM=club@example.org"}, status: doctor.Failure, advises: "SMTP_URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := servertest.NewMailServer(t, c.server)
			address := server.URL()
			if c.name == "a wrong password" {
				address = strings.Replace(address, "another", "smtp-password", 1)
			}
			env := append([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SMTP_URL=" + address}, c.env...)
			if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
				t.Fatal(stderr)
			}
			code, out, stderr := runCommand(env, "doctor", "--json")
			_, checks := checksOf(t, out)
			if list := checks["mail"]; len(list) != 1 || list[0].Status != c.status || !strings.Contains(list[0].Advice, c.advises) || (c.advises == "") != (list[0].Advice == "") {
				t.Fatalf("%d: %+v", code, list)
			}
			for _, text := range c.says {
				if said := checks["mail"][0].Text; !strings.Contains(said, text) {
					t.Errorf("it does not say %q: %s", text, said)
				}
			}
			if (code != 0) != (c.status == doctor.Failure) {
				t.Errorf("its exit status is %d", code)
			}
			if strings.Contains(out+stderr, "smtp-password") {
				t.Errorf("the password is told:\n%s%s", out, stderr)
			}
			letters := server.Letters()
			if len(letters) != c.mails {
				t.Fatalf("%d mails came, want %d", len(letters), c.mails)
			}
			for _, l := range letters {
				if l.To != c.to || !strings.HasPrefix(l.Subject, "A test of ") || !strings.Contains(l.Text, "This mail has arrived.") {
					t.Errorf("to %s, %q:\n%s", l.To, l.Subject, l.Text)
				}
			}
		})
	}

	// Where nothing is sent, nothing is kept either.
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	_, out, _ := runCommand(env, "doctor", "--json")
	if _, checks := checksOf(t, out); len(checks["mail"]) != 1 || !strings.Contains(checks["mail"][0].Text, "reaches nobody") {
		t.Errorf("without a server: %+v", checks["mail"])
	}
	if found, _ := filepath.Glob(filepath.Join(strings.TrimPrefix(env[0], "DATA_DIR="), "mail", "*")); len(found) > 0 {
		t.Errorf("without a server, files are kept: %v", found)
	}
}

// The mail of the doctor is the site's, whose name stands in the database.
func TestDoctorsMailNamesTheSite(t *testing.T) {
	server := servertest.NewMailServer(t, servertest.MailServerOptions{})
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SMTP_URL=" + server.URL(), "MAIL_FROM=club@example.org"}
	for _, words := range [][]string{{"migrate", "up"}, {"site", "set", "name=Harbour Club"}, {"doctor"}, {"doctor"}} {
		if code, out, stderr := runCommand(env, words...); code != 0 {
			t.Fatalf("%v: %s%s", words, out, stderr)
		}
	}
	if letters := server.To("club@example.org", "Harbour Club"); len(letters) != 2 || letters[0].Header.Get("Message-ID") == letters[1].Header.Get("Message-ID") {
		t.Errorf("two runs sent %d mails of Harbour Club, or one twice", len(letters))
	}
}

// Alarms ask the running site every minute.
func TestDeepzSendsNoMail(t *testing.T) {
	server := servertest.NewMailServer(t, servertest.MailServerOptions{User: "club", Password: "smtp-password"})
	site, _ := wired(t, "SMTP_URL="+server.URL(), "MAIL_FROM=club@example.org")
	w := httptest.NewRecorder()
	site.metricsDeepz(w, httptest.NewRequest("GET", "/deepz", nil))
	_, checks := checksOf(t, w.Body.String())
	if list := checks["mail"]; len(list) != 1 || list[0].Status != doctor.OK || !strings.Contains(list[0].Text, "no mail was sent") || server.Logins() != 1 {
		t.Errorf("%d log-ins: %+v", server.Logins(), list)
	}
	if n := len(server.Letters()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}
}
