package servertest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A Letter is a mail that a MailServer took, read as a person's program reads it.
type Letter struct {
	From, To   string // of the envelope
	Header     mail.Header
	Subject    string
	Text, HTML string
	Raw        string
}

// Link is the first address in the letter's text that begins with the prefix, "" where there is none.
func (l Letter) Link(prefix string) string {
	for _, w := range strings.Fields(l.Text) {
		if strings.HasPrefix(w, prefix) {
			return w
		}
	}
	return ""
}

// MailServerOptions configure NewMailServer.
type MailServerOptions struct {
	TLS      *tls.Config // nil: none
	Implicit bool        // TLS from the first byte
	User     string      // who may send, with Password; "" for everybody
	Password string
	// Answer is asked for each mail after its last byte, n counted from 1. ErrHangUp closes the connection without an answer.
	Answer func(n int, l Letter) error
	// Rcpt is asked for each address.
	Rcpt func(to string) error
}

// ErrHangUp has a MailServer take a mail and close the connection before it answers.
var ErrHangUp = errors.New("hang up")

// A MailServer is an SMTP server in the test's process.
type MailServer struct {
	Addr string

	o      MailServerOptions
	mu     sync.Mutex
	mails  []Letter
	broken error
	logins int
}

// NewMailServer starts one, which ends with the test.
func NewMailServer(t testing.TB, o MailServerOptions) *MailServer {
	t.Helper()
	m := &MailServer{o: o}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &mailSession{server: m, conn: c}, nil }))
	server.Domain, server.AllowInsecureAuth = "localhost", o.TLS == nil
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.MaxMessageBytes = 10 << 20
	server.ErrorLog = quietMail{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.Addr = l.Addr().String()
	if o.Implicit {
		l = tls.NewListener(l, o.TLS)
	} else {
		server.TLSConfig = o.TLS
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if m.broken != nil {
			t.Errorf("a mail could not be read: %v", m.broken)
		}
	})
	return m
}

type quietMail struct{}

func (quietMail) Printf(string, ...any) {}
func (quietMail) Println(...any)        {}

// URL is what SMTP_URL is set to.
func (m *MailServer) URL() string {
	u := url.URL{Scheme: "smtp", Host: m.Addr}
	if m.o.Implicit {
		u.Scheme = "smtps"
	}
	if m.o.User != "" {
		u.User = url.UserPassword(m.o.User, m.o.Password)
	}
	return u.String()
}

// Logins is how often somebody logged in.
func (m *MailServer) Logins() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.logins
}

// Letters are the mails that came, the oldest first.
func (m *MailServer) Letters() []Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// To are the mails to an address whose subject has these words.
func (m *MailServer) To(address, words string) []Letter {
	var list []Letter
	for _, l := range m.Letters() {
		if strings.EqualFold(l.To, address) && strings.Contains(l.Subject, words) {
			list = append(list, l)
		}
	}
	return list
}

// Await waits for the first mail to the address whose subject has these words.
func (m *MailServer) Await(t testing.TB, address, words string) Letter {
	t.Helper()
	var found Letter
	Eventually(t, "a mail to "+address+": "+words, func() bool {
		list := m.To(address, words)
		if len(list) > 0 {
			found = list[0]
		}
		return len(list) > 0
	})
	return found
}

type mailSession struct {
	server *MailServer
	conn   *smtp.Conn
	known  bool
	from   string
	to     string
}

func (s *mailSession) AuthMechanisms() []string {
	if s.server.o.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.o.User || password != s.server.o.Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		s.server.mu.Lock()
		s.server.logins++
		s.server.mu.Unlock()
		return nil
	}), nil
}

func (s *mailSession) Reset()        { s.from, s.to = "", "" }
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.o.User != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if f := s.server.o.Rcpt; f != nil {
		return f(to)
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l, err := ReadLetter(raw)
	l.From, l.To = s.from, s.to
	m := s.server
	m.mu.Lock()
	if err != nil {
		m.broken = err
	}
	m.mails = append(m.mails, l)
	n := len(m.mails)
	m.mu.Unlock()
	if f := m.o.Answer; f != nil {
		if err := f(n, l); errors.Is(err, ErrHangUp) {
			_ = s.conn.Conn().Close()
			return err
		} else if err != nil {
			return err
		}
	}
	return nil
}

// ReadLetter takes a mail apart: its text and its HTML.
func ReadLetter(raw []byte) (Letter, error) {
	l := Letter{Raw: string(raw)}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return l, err
	}
	l.Header = m.Header
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return l, errors.Join(err, errors.New("the mail is "+kind))
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(p)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			return l, err
		}
		text := strings.ReplaceAll(string(b), "\r\n", "\n")
		switch kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); kind {
		case "text/plain":
			l.Text = text
		case "text/html":
			l.HTML = text
		}
	}
}

// HasFile reports whether a folder of DATA_DIR has a file whose name ends like that.
func (i *Instance) HasFile(folder, ending string) bool {
	found, _ := filepath.Glob(filepath.Join(i.DataDir, folder, "*"+ending))
	return len(found) > 0
}
