package mail_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"tintype/internal/mail"
	"tintype/internal/servertest"
)

var from = &netmail.Address{Name: "Our Club", Address: "photos@example.org"}

func letter() mail.Message {
	site := mail.Site{Name: "Our Club", URL: "https://example.org", Contact: "ada@example.org"}
	return mail.Message{
		ID: mail.NewID("example.org", "verify", 7), To: "grace@example.net", At: time.Now(),
		Letter: mail.Letter{Site: site, Subject: "Grüße <b> & more", Hello: "Hello Grace,", Before: []string{"A paragraph with <script>."},
			Button: mail.Link{Words: "Confirm", URL: "https://example.org/mail/a-token"}, Items: []mail.Item{{Words: "One", Detail: "more of it", URL: "https://example.org/1"}},
			Why: "You asked for it.", Off: "https://example.org/mail/off"},
	}
}

// Letters have the colours and corners of the site, light and dark, and no others.
func TestLettersHaveTheSitesColours(t *testing.T) {
	tokens, err := os.ReadFile("../../static/css/1-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	m := letter()
	m.Letter.After = []string{"After."}
	page, err := m.Letter.HTML()
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`).FindAllString(page, -1)
	if len(found) < 10 {
		t.Fatalf("only %d colours", len(found))
	}
	for _, colour := range found {
		if !strings.Contains(string(tokens), ":"+colour+";") {
			t.Errorf("%s is no colour of the site", colour)
		}
	}
	for _, radius := range regexp.MustCompile(`border-radius:([^;"]*)`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(string(tokens), "--radius:"+radius[1]+";") {
			t.Errorf("corners of %s", radius[1])
		}
	}
}

// certificate makes a pair for 127.0.0.1, and what trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

func sender(url string, config *tls.Config, timeout time.Duration) *mail.SMTP {
	return mail.NewSMTP(mail.SMTPOptions{URL: func(context.Context) (string, error) { return url, nil }, Shown: "smtp://127.0.0.1", From: from, Host: "example.org", TLS: config, Timeout: timeout})
}

func TestSMTPDelivers(t *testing.T) {
	server, client := certificate(t)
	for name, o := range map[string]servertest.MailServerOptions{
		"plain":            {},
		"plain, logged in": {User: "u@example.org", Password: "p@ss/word"},
		"STARTTLS":         {TLS: server},
		"STARTTLS, known":  {TLS: server, User: "u", Password: "secret"},
		"smtps":            {TLS: server, Implicit: true},
		"smtps, known":     {TLS: server, Implicit: true, User: "u", Password: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			m := servertest.NewMailServer(t, o)
			s := sender(m.URL(), client, 0)
			if err := s.Check(t.Context()); err != nil {
				t.Fatalf("check: %v", err)
			}
			sent := letter()
			if err := s.Send(t.Context(), sent); err != nil {
				t.Fatal(err)
			}
			got := m.Letters()
			if len(got) != 1 {
				t.Fatalf("%d mails came", len(got))
			}
			l := got[0]
			if l.From != "photos@example.org" || l.To != "grace@example.net" || l.Subject != "Grüße <b> & more" {
				t.Errorf("from %s to %s: %s", l.From, l.To, l.Subject)
			}
			for header, want := range map[string]string{
				"Message-ID": "<" + sent.ID + ">", "Auto-Submitted": "auto-generated", "List-Unsubscribe": "<https://example.org/mail/off>",
				"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "From": `"Our Club" <photos@example.org>`,
			} {
				if got := l.Header.Get(header); got != want {
					t.Errorf("%s: %s, not %s", header, got, want)
				}
			}
			if l.Link("https://example.org/mail/") != "https://example.org/mail/a-token" || !strings.Contains(l.Text, "Hello Grace,") {
				t.Errorf("the text:\n%s", l.Text)
			}
			if !strings.Contains(l.HTML, `href="https://example.org/mail/a-token"`) || strings.Contains(l.HTML, "<script>") || strings.Contains(l.HTML, "<img") || strings.Contains(l.HTML, "src=") {
				t.Errorf("the HTML:\n%s", l.HTML)
			}
			if o.User != "" && m.Logins() != 2 {
				t.Errorf("%d log-ins", m.Logins())
			}
		})
	}
}

// A host in its own letters is sent as punycode, which every server takes.
func TestSMTPSendsHostsAsPunycode(t *testing.T) {
	m := servertest.NewMailServer(t, servertest.MailServerOptions{})
	sent := letter()
	sent.To = "grace@bücher.example"
	own := &netmail.Address{Name: "Our Club", Address: "photos@Fotografía.example"}
	s := mail.NewSMTP(mail.SMTPOptions{URL: func(context.Context) (string, error) { return m.URL(), nil }, Shown: "smtp://127.0.0.1", From: own, Host: "example.org"})
	if err := s.Send(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	l := m.Letters()[0]
	if l.From != "photos@xn--fotografa-n5a.example" || l.To != "grace@xn--bcher-kva.example" || l.Header.Get("To") != "<grace@xn--bcher-kva.example>" {
		t.Errorf("from %s to %s, %s", l.From, l.To, l.Header.Get("To"))
	}
}

// A password goes to no server that does not prove who it is, and to none by an open line.
func TestSMTPRefusesStrangers(t *testing.T) {
	server, _ := certificate(t)
	for _, implicit := range []bool{true, false} {
		m := servertest.NewMailServer(t, servertest.MailServerOptions{TLS: server, Implicit: implicit, User: "u", Password: "secret"})
		err := sender(m.URL(), &tls.Config{RootCAs: x509.NewCertPool()}, 0).Send(t.Context(), letter())
		if err == nil || errors.Is(err, mail.ErrRefused) || m.Logins() > 0 {
			t.Errorf("implicit %v: %v, %d log-ins", implicit, err, m.Logins())
		}
	}
}

func TestSMTPAnswers(t *testing.T) {
	temporary := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later please, grace@example.net"}
	final := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<grace@example.net> is nobody here, see https://example.org/mail/a-token"}
	for name, c := range map[string]struct {
		o     servertest.MailServerOptions
		final bool
	}{
		"4xx for the address": {servertest.MailServerOptions{Rcpt: func(string) error { return temporary }}, false},
		"5xx for the address": {servertest.MailServerOptions{Rcpt: func(string) error { return final }}, true},
		"4xx for the mail":    {servertest.MailServerOptions{Answer: func(int, servertest.Letter) error { return temporary }}, false},
		"5xx for the mail":    {servertest.MailServerOptions{Answer: func(int, servertest.Letter) error { return final }}, true},
		"lost answer":         {servertest.MailServerOptions{Answer: func(int, servertest.Letter) error { return servertest.ErrHangUp }}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := servertest.NewMailServer(t, c.o)
			err := sender(m.URL(), nil, 0).Send(t.Context(), letter())
			if err == nil || errors.Is(err, mail.ErrRefused) != c.final {
				t.Fatalf("the error is %v", err)
			}
			for _, secret := range []string{"grace@", "a-token"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %s: %v", secret, err)
				}
			}
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		m := servertest.NewMailServer(t, servertest.MailServerOptions{User: "u", Password: "right"})
		err := sender(strings.Replace(m.URL(), "right", "mistaken", 1), nil, 0).Send(t.Context(), letter())
		if err == nil || errors.Is(err, mail.ErrRefused) || strings.Contains(err.Error(), "mistaken") {
			t.Errorf("the error is %v: a setting mends it", err)
		}
	})
}

// A server that takes connections and says nothing holds nobody longer than the time for a mail.
func TestSMTPHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, scheme := range []string{"smtp", "smtps"} {
		err := sender(scheme+"://"+l.Addr().String(), nil, 200*time.Millisecond).Send(t.Context(), letter())
		if err == nil || errors.Is(err, mail.ErrRefused) || !strings.Contains(err.Error(), "did not answer") {
			t.Errorf("%s: %v", scheme, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel) // while it waits for the greeting
		if err := sender(scheme+"://"+l.Addr().String(), nil, time.Hour).Send(ctx, letter()); err == nil {
			t.Errorf("%s: sent to nobody", scheme)
		}
	}
	release := make(chan struct{})
	defer close(release)
	m := servertest.NewMailServer(t, servertest.MailServerOptions{Answer: func(int, servertest.Letter) error { <-release; return nil }})
	if err := sender(m.URL(), nil, 300*time.Millisecond).Send(t.Context(), letter()); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("a server that hangs after DATA: %v", err)
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]mail.Server{
		"smtp://mail.example.org":               {Host: "mail.example.org", Port: 587},
		"smtps://u:p%40ss@mail.example.org":     {Host: "mail.example.org", Port: 465, User: "u", Password: "p@ss", TLS: true},
		"smtp://a%40b:x@MAIL.example.org:2525/": {Host: "mail.example.org", Port: 2525, User: "a@b", Password: "x"},
	} {
		if got, err := mail.ParseURL(text); err != nil || got != want {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"mail.example.org:25", "http://mail.example.org", "smtp://", "smtp://u@h", "smtp://:secret@h", "smtp://u:secret@h/x", "smtp://u:secret@h:0", "smtp://u:secret@h?x=1", "smtp://u:sec ret@h:y"} {
		if s, err := mail.ParseURL(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s is %+v, %v", text, s, err)
		}
	}
}

func TestFilesKeepsTheNewest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	f := mail.NewFiles(dir, from)
	m := letter()
	start := time.Now()
	for i := range 205 {
		m.ID, m.At = mail.NewID("example.org", i), start.Add(time.Duration(i)*time.Second)
		if err := f.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Send(t.Context(), m); err != nil { // once more: the same file
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 200 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, entries[199].Name()))
	if err != nil {
		t.Fatal(err)
	}
	l, err := servertest.ReadLetter(raw)
	if err != nil || l.Header.Get("Message-ID") != "<"+m.ID+">" || l.Link("https://example.org/mail/") == "" {
		t.Errorf("the newest is %s, %v", l.Header.Get("Message-ID"), err)
	}
	if info, err := os.Stat(filepath.Join(dir, entries[0].Name())); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
}
