// Package mail writes letters and has them delivered: by an SMTP server, or as files where there is none. It knows nothing
// of members and jobs.
package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"tintype/internal/hostname"
)

// ErrRefused says that the server does not want this mail, now or later. Other errors of a Sender may go away.
var ErrRefused = errors.New("the mail was refused")

// ErrLater says that the server does not want this mail now, and may want it later.
var ErrLater = errors.New("the mail is to come later")

// A Message is one letter to one address.
type Message struct {
	ID     string // of NewID: the same for each try, so that receivers drop what comes twice
	To     string // an address alone
	Letter Letter
	At     time.Time // when its cause happened
}

// A Sender takes messages. Send returns once the message is kept, and an error that wraps ErrRefused for one that nobody
// need try again. No error names the address or quotes the letter.
type Sender interface {
	Send(ctx context.Context, m Message) error
	// String says where mail goes, for people, without secrets.
	String() string
}

// NewID makes the Message-ID of a cause, which parts name, at the site's host.
func NewID(host string, parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%v\x00", p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]) + "@" + host
}

// compose makes the message as it is sent.
func compose(from *mail.Address, m Message) (*gomail.Msg, error) {
	html, err := m.Letter.HTML()
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	name := from.Name
	if name == "" {
		name = m.Letter.Site.Name
	}
	if err := msg.FromFormat(name, asSent(from.Address)); err != nil {
		return nil, fmt.Errorf("the sender's address: %w", err)
	}
	if err := msg.To(asSent(m.To)); err != nil {
		return nil, fmt.Errorf("%w: its address is none", ErrRefused)
	}
	msg.Subject(oneLine(m.Letter.Subject))
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if off := m.Letter.Off; off != "" {
		msg.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+off+">")
		msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Letter.Text())
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	return msg, nil
}

// asSent is an address with its host as punycode: few servers take a host in its own letters.
func asSent(address string) string {
	at := strings.LastIndexByte(address, '@')
	host, err := hostname.Clean(address[at+1:], "")
	if at < 0 || err != nil {
		return address
	}
	return address[:at+1] + host
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var (
	addressLike = regexp.MustCompile(`<?[^\s<>:]+@[^\s<>]+>?`)
	linkLike    = regexp.MustCompile(`(?i)https?://\S+`)
)

// mostReason is how much of a server's answer is kept.
const mostReason = 300

// reason is what a server answered, without addresses and links: it ends in logs and in the list of jobs.
func reason(err error) string {
	text := linkLike.ReplaceAllString(oneLine(err.Error()), "(link)")
	text = addressLike.ReplaceAllString(text, "(address)")
	if len(text) > mostReason {
		text = strings.ToValidUTF8(text[:mostReason], "") + "…"
	}
	return text
}
