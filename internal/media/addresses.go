package media

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// PathPrefix is where the site serves media: PathPrefix + key.
const PathPrefix = "/media/"

// The reasons for which Verify refuses an address.
var (
	ErrSignature = errors.New("media: the address is not signed by this site")
	ErrExpired   = errors.New("media: the address has expired")
)

// AddressOptions configures NewAddresses.
type AddressOptions struct {
	BaseURL      string // the site, e.g. https://photos.example
	MediaBaseURL string // the CDN: what stands before "/" and a key; empty: the site itself
	// MembersOnly reports whether nothing is public now: addresses of pub/ keys lead to the site then, which asks who comes.
	// Nil: never.
	MembersOnly func() bool
	Window      time.Duration // how long a private address stays the same; default one hour
	// Signer is what signs private addresses on the CDN now; nil: they lead to the site.
	Signer func() *Signer
	// Keys are the HMAC keys as they are now, of at least 16 bytes: the first signs, all verify.
	Keys func() [][]byte
}

// Addresses makes the addresses under which readers fetch photographs. It is safe for use by many goroutines.
type Addresses struct {
	base        string
	cdn         string // "" for the site
	membersOnly func() bool
	signer      func() *Signer
	keys        func() [][]byte
	window      int64 // seconds
}

// NewAddresses checks the options.
func NewAddresses(o AddressOptions) (*Addresses, error) {
	keys := o.Keys()
	if len(keys) == 0 {
		return nil, errors.New("media: addresses need a key")
	}
	for _, k := range keys {
		if len(k) < 16 {
			return nil, errors.New("media: an address key is shorter than 16 bytes")
		}
	}
	if o.Window == 0 {
		o.Window = time.Hour
	}
	if o.Window < time.Second {
		return nil, errors.New("media: the window of addresses is shorter than a second")
	}
	a := &Addresses{
		base: strings.TrimRight(o.BaseURL, "/"), cdn: strings.TrimRight(o.MediaBaseURL, "/"),
		membersOnly: o.MembersOnly, signer: o.Signer, keys: o.Keys, window: int64(o.Window / time.Second),
	}
	if o.Signer != nil && a.cdn == "" {
		return nil, errors.New("media: a signer of addresses needs the CDN's address")
	}
	return a, nil
}

// onCDN reports whether readers fetch pub/ keys from the CDN.
func (a *Addresses) onCDN() bool { return a.cdn != "" && (a.membersOnly == nil || !a.membersOnly()) }

// Public returns the address of a pub/ key for pages: on the CDN if there is one, else relative to the site.
func (a *Addresses) Public(key string) string {
	if a.onCDN() {
		return a.cdn + "/" + key
	}
	return PathPrefix + key
}

// PublicAbs is Public with scheme and host, for API answers, feeds and mail.
func (a *Addresses) PublicAbs(key string) string {
	if a.onCDN() {
		return a.cdn + "/" + key
	}
	return a.base + PathPrefix + key
}

// AppendPublicAbs appends PublicAbs of a key to b: an answer of the API has hundreds of addresses.
func (a *Addresses) AppendPublicAbs(b []byte, key Key) []byte {
	if a.onCDN() {
		b = append(append(b, a.cdn...), '/')
	} else {
		b = append(append(b, a.base...), PathPrefix...)
	}
	return key.append(b)
}

// Private returns the address of a priv/ key for one viewer, relative to the site or on the CDN. It is the same for a
// whole window, so that browsers cache it, and valid for at least one more. With cookie, whoever serves the address
// must also check that the request's session is the viewer's. Without cookie, the address is for a client that holds a
// token and fetches images without it. The CDN checks no session: whoever has the address sees the photo until it
// expires.
func (a *Addresses) Private(key string, viewer int64, cookie bool, now time.Time) string {
	end := (now.Unix()/a.window + 2) * a.window
	if a.signer != nil {
		address := a.cdn + "/" + key
		if q, err := a.signer().query(address[:strings.LastIndexByte(address, '/')+1], end); err == nil {
			return address + q
		}
		// It can only be a key that does not sign. The site serves the photo, too.
	}
	return a.onSite(key, viewer, cookie, end)
}

// Withheld is Private, also of a pub/ key: the address of a photo that the site withholds from everybody else. It always
// leads to the site, which asks whether the viewer may have it.
func (a *Addresses) Withheld(key string, viewer int64, cookie bool, now time.Time) string {
	return a.onSite(key, viewer, cookie, (now.Unix()/a.window+2)*a.window)
}

// WithheldAbs is Withheld with scheme and host.
func (a *Addresses) WithheldAbs(key string, viewer int64, cookie bool, now time.Time) string {
	return a.base + a.Withheld(key, viewer, cookie, now)
}

// onSite is an address that the site serves, signed for one viewer until its end.
func (a *Addresses) onSite(key string, viewer int64, cookie bool, end int64) string {
	kind := "t"
	if cookie {
		kind = "c"
	}
	return PathPrefix + key + "?e=" + strconv.FormatInt(end, 10) + "&v=" + strconv.FormatInt(viewer, 10) +
		"&k=" + kind + "&s=" + base64.RawURLEncoding.EncodeToString(sign(a.keys()[0], randomOf(key), viewer, kind, end))
}

// PrivateAbs is Private with scheme and host.
func (a *Addresses) PrivateAbs(key string, viewer int64, cookie bool, now time.Time) string {
	address := a.Private(key, viewer, cookie, now)
	if strings.HasPrefix(address, "/") {
		return a.base + address
	}
	return address
}

// KeyOf returns the key that a request's path names, or an error that wraps ErrKey.
func KeyOf(path string) (Key, error) {
	key, ok := strings.CutPrefix(path, PathPrefix)
	if !ok {
		return Key{}, keyError(path)
	}
	return ParseKey(key)
}

// Verify checks a signed address, of a priv/ or a pub/ key. It returns the viewer for whom the address was made, and whether
// the request must carry that viewer's session. The error is ErrSignature, ErrExpired or wraps ErrKey.
func (a *Addresses) Verify(path string, query url.Values, now time.Time) (viewer int64, cookie bool, err error) {
	k, err := KeyOf(path)
	if err != nil {
		return 0, false, err
	}
	if k.Kind != Private && k.Kind != Public {
		return 0, false, keyError(path)
	}
	kind := query.Get("k")
	end, err1 := strconv.ParseInt(query.Get("e"), 10, 64)
	viewer, err2 := strconv.ParseInt(query.Get("v"), 10, 64)
	sum, err3 := base64.RawURLEncoding.DecodeString(query.Get("s"))
	if err1 != nil || err2 != nil || err3 != nil || kind != "c" && kind != "t" {
		return 0, false, ErrSignature
	}
	good := false
	for _, key := range a.keys() {
		if hmac.Equal(sum, sign(key, k.Random, viewer, kind, end)) {
			good = true
		}
	}
	if !good {
		return 0, false, ErrSignature
	}
	if now.Unix() >= end {
		return 0, false, ErrExpired
	}
	return viewer, kind == "c", nil
}

// sign covers the set and not the variant: one signature serves a whole srcset.
func sign(key []byte, random string, viewer int64, kind string, end int64) []byte {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "tintype media 1\n%s\n%d\n%s\n%d", random, viewer, kind, end)
	return m.Sum(nil)[:16]
}

func randomOf(key string) string {
	parts := strings.SplitN(key, "/", 3)
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}
