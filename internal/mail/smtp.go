package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// sendTimeout is how long one mail may take, from the dial to the server's last answer.
const sendTimeout = 30 * time.Second

// SMTPOptions configure NewSMTP.
type SMTPOptions struct {
	// URL is asked for each mail, because its password may change: smtp://user:password@host:587 or smtps://….
	URL     func(ctx context.Context) (string, error)
	Shown   string // the URL without its secrets
	From    *mail.Address
	Host    string        // what this site calls itself
	TLS     *tls.Config   // nil: the system's authorities
	Timeout time.Duration // for one mail; 0: 30 s
}

// SMTP hands mail to a server.
type SMTP struct{ o SMTPOptions }

// NewSMTP makes a Sender that asks the server for each mail anew.
func NewSMTP(o SMTPOptions) *SMTP {
	if o.Timeout == 0 {
		o.Timeout = sendTimeout
	}
	return &SMTP{o}
}

func (s *SMTP) String() string { return s.o.Shown }

// A Server is what an SMTP URL names.
type Server struct {
	Host           string
	Port           int
	User, Password string
	TLS            bool // from the first byte; else by STARTTLS
}

// loopback servers are asked without a proof of who they are: nothing leaves this machine.
func (s Server) loopback() bool {
	if s.Host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(s.Host)
	return err == nil && a.IsLoopback()
}

// ParseURL reads the URL of an SMTP server. Its errors show nothing of the text, which may hold a password.
func ParseURL(text string) (Server, error) {
	wrong := errors.New("it is not the URL of a mail server, such as smtp://user:password@mail.example.org:587 or smtps://user:password@mail.example.org")
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return Server{}, wrong
	}
	s := Server{Host: strings.ToLower(u.Hostname()), TLS: u.Scheme == "smtps"}
	switch u.Scheme {
	case "smtp":
		s.Port = 587
	case "smtps":
		s.Port = 465
	default:
		return Server{}, wrong
	}
	if p := u.Port(); p != "" {
		if s.Port, err = strconv.Atoi(p); err != nil || s.Port < 1 || s.Port > 65535 {
			return Server{}, wrong
		}
	}
	if u.User != nil {
		s.User = u.User.Username()
		s.Password, _ = u.User.Password()
		if s.User == "" || s.Password == "" {
			return Server{}, errors.New("it names a user without a password, or a password without a user; escape special characters (%40 for @, %2F for /)")
		}
	}
	return s, nil
}

// ShownURL is the server's address without user and password.
func (s Server) ShownURL() string {
	scheme := "smtp"
	if s.TLS {
		scheme = "smtps"
	}
	return scheme + "://" + net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// Send hands the message to the server. It returns nil once the server has taken it, also where the end of the
// conversation fails.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := compose(s.o.From, m)
	if err != nil {
		return err
	}
	err = s.converse(ctx, func(c *gomail.Client, conn *smtp.Client) error {
		err := c.SendWithSMTPClient(conn, msg)
		if msg.IsDelivered() {
			return nil
		}
		return err
	})
	if err == nil {
		return nil
	}
	var answer *gomail.SendError
	if errors.As(err, &answer) {
		if aboutReceiver(answer) {
			return fmt.Errorf("%w: %s", ErrRefused, reason(err))
		}
		if status := answer.EnhancedStatusCode(); answer.IsTemp() && answer.Reason != gomail.ErrSMTPMailFrom && status != "4.1.7" && status != "4.1.8" { // these are of the sender
			return fmt.Errorf("%w: %s", ErrLater, reason(err))
		}
	}
	return errors.New(reason(err))
}

// aboutReceiver reports whether the server has refused the receiver's address for good. That of the sender, a log-in that is
// asked for, or an account that is blocked is mended by a setting, and must not cost everybody's mail.
func aboutReceiver(e *gomail.SendError) bool {
	code, status := e.ErrorCode(), e.EnhancedStatusCode() // RFC 3463: 5.1 is about addresses, 5.2 about mailboxes
	switch {
	case code < 500 || code > 599 || e.Reason == gomail.ErrSMTPMailFrom || status == "5.1.7" || status == "5.1.8":
		return false
	case status != "":
		return strings.HasPrefix(status, "5.1.") || strings.HasPrefix(status, "5.2.")
	}
	return e.Reason == gomail.ErrSMTPRcptTo && (code == 550 || code == 551 || code == 553)
}

// Check connects and logs in, as for a mail, and sends none.
func (s *SMTP) Check(ctx context.Context) error {
	err := s.converse(ctx, func(_ *gomail.Client, conn *smtp.Client) error { return conn.Noop() })
	if err != nil {
		return errors.New(reason(err))
	}
	return nil
}

// converse opens a connection, says hello and logs in, has f talk, and closes. The end of ctx closes the connection under
// whatever waits for an answer.
func (s *SMTP) converse(ctx context.Context, f func(*gomail.Client, *smtp.Client) error) error {
	text, err := s.o.URL(ctx)
	if err != nil {
		return err
	}
	server, err := ParseURL(text)
	if err != nil {
		return fmt.Errorf("SMTP_URL: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, fmt.Errorf("the mail server did not answer within %v", s.o.Timeout))
	defer cancel()
	config := s.tlsConfig(server)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if !server.TLS {
			return raw, nil
		}
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, err
		}
		return conn, nil
	}
	var opened net.Conn
	defer func() {
		if opened != nil {
			opened.Close()
		}
	}()
	options := []gomail.Option{
		gomail.WithPort(server.Port), gomail.WithTimeout(s.o.Timeout), gomail.WithTLSConfig(config), gomail.WithHELO(s.o.Host), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(func(dialCtx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(dialCtx, network, address)
			if err == nil {
				opened = conn
				context.AfterFunc(ctx, func() { conn.Close() })
			}
			return conn, err
		}),
	}
	switch {
	case server.TLS:
		options = append(options, gomail.WithSSL())
	case server.User != "" && !server.loopback():
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory)) // a password crosses no network in the clear
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if server.User != "" {
		options = append(options, gomail.WithSMTPAuthCustom(&login{server: server}))
	}
	client, err := gomail.NewClient(server.Host, options...)
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		err = f(client, conn)
		_ = client.CloseWithSMTPClient(conn) // QUIT; the mail is taken or not by now
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (s *SMTP) tlsConfig(server Server) *tls.Config {
	c := &tls.Config{}
	if s.o.TLS != nil {
		c = s.o.TLS.Clone()
	} else if server.loopback() {
		c.InsecureSkipVerify = true
	}
	c.ServerName, c.MinVersion = server.Host, tls.VersionTLS12
	return c
}

// login chooses how to log in by what the server offers.
type login struct {
	server Server
	chosen smtp.Auth
}

// Start begins the best way that the server knows.
func (l *login) Start(info *smtp.ServerInfo) (string, []byte, error) {
	private := info.TLS || l.server.loopback()
	has := func(name string) bool {
		for _, a := range info.Auth {
			if strings.EqualFold(a, name) {
				return true
			}
		}
		return false
	}
	switch {
	case has("PLAIN") && private:
		l.chosen = smtp.PlainAuth("", l.server.User, l.server.Password, l.server.Host, true)
	case has("LOGIN") && private:
		l.chosen = smtp.LoginAuth(l.server.User, l.server.Password, l.server.Host, true)
	case has("SCRAM-SHA-256"):
		l.chosen = smtp.ScramSHA256Auth(l.server.User, l.server.Password)
	case has("CRAM-MD5"):
		l.chosen = smtp.CRAMMD5Auth(l.server.User, l.server.Password)
	default:
		return "", nil, fmt.Errorf("the server offers no way to log in that this site knows: %s", strings.Join(info.Auth, ", "))
	}
	return l.chosen.Start(info)
}

// Next goes on in the way that Start chose.
func (l *login) Next(fromServer []byte, more bool) ([]byte, error) {
	return l.chosen.Next(fromServer, more)
}
