// Package push sends messages to the push services of browsers and apps (RFC 8030). A message is encrypted for its
// receiver, and signed with the site's key, which push services check (VAPID).
//
// Members choose the addresses of push services, so an address is anybody's. A Sender speaks https alone, to public
// addresses alone, follows no redirect, and reads little of an answer.
package push

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
)

const (
	// Timeout bounds a message: the address is found, the service connected to, and its answer read.
	Timeout = 10 * time.Second
	// MaxPayload is how many bytes of a message fit.
	MaxPayload = 3900
	// MaxEndpoint is how long the address of a push service may be.
	MaxEndpoint = 2000

	// perHost is how many messages are under way to one push service, so that a slow one does not take all workers.
	perHost = 4
	// tiredAfter is how many messages in a row a service leaves without an answer, before it is left alone for restFor.
	tiredAfter = 5
	restFor    = 30 * time.Second
	// maxHosts bounds what is remembered of push services.
	maxHosts = 1000
	// readOfAnswer is how much of an answer is read.
	readOfAnswer = 4 << 10
)

// ErrGone says that the subscription has ended.
var ErrGone = errors.New("push: the subscription has ended")

// ErrBusy says that the push service has enough to do: the message was not sent.
var ErrBusy = errors.New("push: the push service is busy")

// ErrSilent is the ErrBusy of a push service that left the last messages without an answer. Another ErrBusy is of this site, which
// has enough under way to it.
var ErrSilent = fmt.Errorf("%w: it does not answer", ErrBusy)

// ErrRefused says that the message was refused and that the same one would be refused again: the push service said so, or
// its address is none to which this site sends.
var ErrRefused = errors.New("push: refused")

// A Receiver is who gets a message.
type Receiver struct {
	Endpoint string // the address at the push service
	P256dh   string // its public key, in base64url
	Auth     string // its secret, in base64url
	// Standard says that it reads the encryption of RFC 8291. Apps of Mastodon 4.2 read the draft before it.
	Standard bool
}

// A Message is what is sent.
type Message struct {
	Payload []byte
	TTL     time.Duration // how long the push service keeps it for a device that is off
	Topic   string        // a newer message takes the place of one under the same topic; up to 32 letters of base64url
}

// A Key signs messages.
type Key struct {
	Public  string `json:"public"` // in base64url, as browsers take it
	Private string `json:"private"`
}

// NewKey makes one.
func NewKey() (Key, error) {
	private, public, err := webpush.GenerateVAPIDKeys()
	return Key{Public: public, Private: private}, err
}

// Options configure a Sender.
type Options struct {
	// Contact is whom a push service writes to about this site: an https address, or an e-mail address.
	Contact string
	// Allow tells whether a message may be sent to an address; nil is Public. Only tests have another one.
	Allow func(netip.Addr) bool
	// Roots are who may sign certificates; nil are those of the system.
	Roots *x509.CertPool
}

// A Sender sends messages.
type Sender struct {
	contact string
	allow   func(netip.Addr) bool
	client  *http.Client

	mu    sync.Mutex
	hosts map[string]*host
}

// A host is what is known of a push service.
type host struct {
	underWay int
	silent   int       // messages in a row without an answer
	rests    time.Time // until when nothing is sent
}

// New makes a Sender.
func New(o Options) *Sender {
	allow := o.Allow
	if allow == nil {
		allow = Public
	}
	dialer := &net.Dialer{Timeout: Timeout / 2, Control: func(_, address string, _ syscall.RawConn) error {
		// Here the name is resolved, so a name that leads inside is refused, too.
		at, err := netip.ParseAddrPort(address)
		if err != nil || !allow(at.Addr()) {
			return fmt.Errorf("%w: %s is not a public address", ErrRefused, address)
		}
		return nil
	}}
	return &Sender{
		contact: o.Contact, allow: allow, hosts: make(map[string]*host),
		client: &http.Client{
			Timeout:       Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			// There is no proxy: it would dial in our place, and past the check of addresses.
			Transport: &http.Transport{
				DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
				TLSHandshakeTimeout: Timeout / 2, ResponseHeaderTimeout: Timeout, MaxResponseHeaderBytes: 16 << 10,
				MaxIdleConns: 32, MaxIdleConnsPerHost: perHost, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
			},
		},
	}
}

// Close gives up connections that are idle.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// reserved are networks that are nobody's or somebody's own, beside those that netip knows.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// Public reports whether an address is one of the internet, where a push service can be. Addresses of machines inside,
// such as that of a cloud's metadata, are not, in whatever form.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, network := range reserved {
		if network.Contains(a) {
			return false
		}
	}
	return true
}

// Send sends a message. An error other than ErrGone, ErrBusy and ErrRefused may be over at another try.
func (s *Sender) Send(ctx context.Context, key Key, to Receiver, m Message) error {
	u, err := url.Parse(to.Endpoint)
	if err != nil || !IsEndpoint(to.Endpoint) {
		return fmt.Errorf("%w: the address is not one of a push service", ErrRefused)
	}
	done, err := s.begin(u.Host)
	if err != nil {
		return err
	}
	answered := false
	defer func() { done(answered) }()
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	answer, err := s.post(ctx, key, to, m)
	if err != nil {
		// The address of a subscription is a secret of its member: it stays out of logs.
		var whole *url.Error
		if errors.As(err, &whole) {
			err = whole.Err
		}
		return fmt.Errorf("%s: %w", u.Host, err)
	}
	answered = true
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, readOfAnswer)
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return ErrGone
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		return fmt.Errorf("%s answers %d", u.Host, code)
	default: // a redirect, too
		return fmt.Errorf("%w: %s answers %d", ErrRefused, u.Host, code)
	}
}

func (s *Sender) post(ctx context.Context, key Key, to Receiver, m Message) (*http.Response, error) {
	if len(m.Payload) > MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes are too many", ErrRefused, len(m.Payload))
	}
	if !to.Standard {
		req, err := draftRequest(ctx, key, s.contact, to, m)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return s.client.Do(req)
	}
	return webpush.SendNotificationWithContext(ctx, m.Payload,
		&webpush.Subscription{Endpoint: to.Endpoint, Keys: webpush.Keys{Auth: to.Auth, P256dh: to.P256dh}},
		&webpush.Options{
			HTTPClient: s.client, Subscriber: strings.TrimPrefix(s.contact, "mailto:"), Topic: m.Topic, TTL: int(m.TTL.Seconds()), Urgency: webpush.UrgencyNormal,
			VAPIDPublicKey: key.Public, VAPIDPrivateKey: key.Private,
		})
}

// begin takes a place at a push service; ErrBusy where it has none. done gives the place back.
func (s *Sender) begin(name string) (done func(answered bool), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	h := s.hosts[name]
	if h == nil {
		if len(s.hosts) >= maxHosts {
			s.forget(now)
		}
		h = &host{}
		s.hosts[name] = h
	}
	if h.underWay >= perHost || now.Before(h.rests) {
		if h.silent >= tiredAfter {
			return nil, ErrSilent
		}
		return nil, ErrBusy
	}
	h.underWay++
	return func(answered bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		h.underWay--
		if answered {
			h.silent, h.rests = 0, time.Time{}
			return
		}
		if h.silent++; h.silent >= tiredAfter {
			h.rests = time.Now().Add(restFor)
		}
	}, nil
}

// forget drops what is known of services to which nothing is under way.
func (s *Sender) forget(now time.Time) {
	for name, h := range s.hosts {
		if h.underWay == 0 && !now.Before(h.rests) {
			delete(s.hosts, name)
		}
	}
}

// Reaches reports whether messages may be sent to an endpoint as far as its text tells: a number that is no public address is
// refused at once, a name when it is dialled.
func (s *Sender) Reaches(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err != nil || s.allow(a)
}
