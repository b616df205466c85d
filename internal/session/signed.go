package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// maxSigned bounds a signed value: with its name it must fit into one cookie.
const maxSigned = 3000

// Signed makes values that the browser keeps and nobody can forge, each for one purpose and with an end. They are
// signed, not encrypted: whoever has one can read it.
type Signed struct {
	keys   func() [][]byte
	secure bool
	now    func() time.Time
}

// NewSigned signs with the first key and accepts all; it asks for them each time, so that they can rotate. now may be nil.
func NewSigned(keys func() [][]byte, secure bool, now func() time.Time) *Signed {
	if now == nil {
		now = time.Now
	}
	return &Signed{keys, secure, now}
}

// Seal signs a value for a purpose. It is text for a cookie, a form or an address.
func (s *Signed) Seal(purpose string, value []byte, life time.Duration) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.now().Add(life).Unix()))
	b = append(b, value...)
	return base64.RawURLEncoding.EncodeToString(append(b, signature(s.keys()[0], purpose, b)...))
}

// Open returns the value that Seal was given. It is false for a value of another purpose, a changed one, or an expired
// one.
func (s *Signed) Open(purpose, sealed string) (value []byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(b) < 8+sha256.Size {
		return nil, false
	}
	b, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	for _, k := range s.keys() {
		ok = hmac.Equal(mac, signature(k, purpose, b)) || ok
	}
	if !ok || int64(binary.BigEndian.Uint64(b)) <= s.now().Unix() {
		return nil, false
	}
	return b[8:], true
}

func signature(key []byte, purpose string, b []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("tintype signed\x00" + purpose + "\x00"))
	m.Write(b)
	return m.Sum(nil)
}

// SetCookie keeps a value in the browser, in a cookie of the purpose's name. SetCookie is false, and keeps nothing,
// when the value is too long for a cookie. Answers that carry one must not be cached.
func (s *Signed) SetCookie(w http.ResponseWriter, purpose string, value []byte, life time.Duration) bool {
	if len(value) > maxSigned*3/4 {
		return false
	}
	replaceCookie(w, s.cookie(purpose, s.Seal(purpose, value, life), int(life.Seconds())))
	return true
}

// DropCookie has the browser forget what SetCookie kept.
func (s *Signed) DropCookie(w http.ResponseWriter, purpose string) {
	replaceCookie(w, s.cookie(purpose, "", -1))
}

// Cookie reads what SetCookie kept.
func (s *Signed) Cookie(r *http.Request, purpose string) (value []byte, ok bool) {
	k, err := r.Cookie(s.name(purpose))
	if err != nil {
		return nil, false
	}
	return s.Open(purpose, k.Value)
}

func (s *Signed) name(purpose string) string {
	if s.secure {
		return "__Host-tintype_" + purpose
	}
	return "tintype_" + purpose
}

func (s *Signed) cookie(purpose, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: s.name(purpose), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
}
