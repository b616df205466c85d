package session

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// Member is the account that a session belongs to, of whatever type the site has for accounts.
type Member interface {
	// SessionOwner is the account's id and its current epoch.
	SessionOwner() (id int64, epoch int)
}

// Load finds an account on the primary; found is false for one that may not act any more. It is called once for
// every request that brings a session, unless the account came with that.
type Load[A Member] func(ctx context.Context, id int64) (acc A, found bool, err error)

// Options configure a Manager.
type Options struct {
	Backend Backend
	Secure  bool // the site is served over https
	Log     *slog.Logger
	Now     func() time.Time // nil is time.Now
	// Address is where a request comes from, for the list of places where one is logged in. Nil keeps none.
	Address func(*http.Request) string
}

// Manager logs in and out, and knows who is asking. It is also the sessions.Store of gin-contrib/sessions.
type Manager[A Member] struct {
	o       Options
	load    Load[A]
	touched touches
}

// NewManager makes a Manager.
func NewManager[A Member](o Options, load Load[A]) *Manager[A] {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Address == nil {
		o.Address = func(*http.Request) string { return "" }
	}
	return &Manager[A]{o: o, load: load}
}

// CookieName is what the session's cookie is called. Browsers take a name with __Host- only from https, for this
// very host and the path /, so that no neighbouring host can plant one.
func CookieName(secure bool) string {
	if secure {
		return "__Host-tintype_session"
	}
	return "tintype_session"
}

// CookieName is that of this site.
func (m *Manager[A]) CookieName() string { return CookieName(m.o.Secure) }

// current is what a request is known to be, kept in its gin context.
type current[A Member] struct {
	acc    A
	record *Record // nil for a visitor
}

const contextKey = "tintype/session"

// Begin finds out who is asking, for Current, Session and gin-contrib's sessions.Default. It belongs before every
// page's handler, and calls nothing itself.
//
// An error means that the backend (or the accounts) did not answer: the request must then be answered 503, and the
// cookie stays. A cookie whose session is over is removed.
func (m *Manager[A]) Begin(c *gin.Context) error {
	cur := &current[A]{}
	c.Set(contextKey, cur)
	m.attach(c)
	cookie, err := c.Request.Cookie(m.CookieName())
	if err != nil {
		return nil
	}
	s, ok := parseSecret(cookie.Value)
	if !ok {
		m.clearCookie(c.Writer)
		return nil
	}
	acc, rec, err := m.find(c.Request.Context(), s)
	if err != nil {
		return err
	}
	if rec == nil {
		m.clearCookie(c.Writer)
		return nil
	}
	cur.acc, cur.record = acc, rec
	m.touch(c, s, rec)
	return nil
}

// Middleware is Begin as a gin handler; failed answers the errors, after which nothing else runs.
func (m *Manager[A]) Middleware(failed func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := m.Begin(c); err != nil {
			failed(c, err)
			c.Abort()
			return
		}
		c.Next()
	}
}

// find is the session and its account; a nil record means that there is none that still holds.
func (m *Manager[A]) find(ctx context.Context, s secret) (acc A, rec *Record, err error) {
	rec, err = m.o.Backend.Get(ctx, s.accountID, s.hash())
	if errors.Is(err, ErrNone) {
		return acc, nil, nil
	}
	if err != nil {
		return acc, nil, err
	}
	if !rec.ExpiresAt.After(m.o.Now()) {
		return acc, nil, nil
	}
	a, known := rec.Owner.(A)
	if !known {
		var found bool
		if a, found, err = m.load(ctx, s.accountID); err != nil || !found {
			return acc, nil, err
		}
	}
	if id, epoch := a.SessionOwner(); id != rec.AccountID || epoch != rec.Epoch {
		return acc, nil, nil
	}
	return a, rec, nil
}

// touch notes the use of a session, at most daily, and lets the cookie live as long as the session. That it fails
// is no reason to fail the request.
func (m *Manager[A]) touch(c *gin.Context, s secret, rec *Record) {
	now := m.o.Now()
	if now.Sub(rec.UsedAt) < touchEvery {
		return
	}
	// Of the requests of one page only one writes.
	if !m.touched.first(rec.Hash, now) {
		return
	}
	expires := now.Add(Life)
	if err := m.o.Backend.Touch(c.Request.Context(), rec.AccountID, rec.Hash, now, expires); err != nil {
		m.o.Log.WarnContext(c.Request.Context(), "a session's use was not noted", "account", rec.AccountID, "error", err)
		return
	}
	rec.UsedAt, rec.ExpiresAt = now, expires
	m.setCookie(c.Writer, s.cookie(), expires.Sub(now))
}

// Current is the account that asks; ok is false for a visitor.
func (m *Manager[A]) Current(c *gin.Context) (acc A, ok bool) {
	cur := m.current(c)
	return cur.acc, cur.record != nil
}

// Session is the session that asks, nil for a visitor.
func (m *Manager[A]) Session(c *gin.Context) *Record { return m.current(c).record }

func (m *Manager[A]) current(c *gin.Context) *current[A] {
	if v, ok := c.Get(contextKey); ok {
		if cur, ok := v.(*current[A]); ok {
			return cur
		}
	}
	return &current[A]{}
}

// LogIn starts a session for the account, under a new secret, and ends the one that the request brought, if any.
func (m *Manager[A]) LogIn(c *gin.Context, acc A) error {
	id, epoch := acc.SessionOwner()
	s, now := newSecret(id), m.o.Now()
	rec := &Record{
		AccountID: id, Hash: s.hash(), Epoch: epoch,
		UserAgent: cut(c.Request.UserAgent(), 255), Address: cut(m.o.Address(c.Request), 64),
		CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(Life),
	}
	ctx := c.Request.Context()
	if err := m.o.Backend.Put(ctx, rec); err != nil {
		return err
	}
	if old := m.Session(c); old != nil {
		if err := m.o.Backend.Delete(ctx, old.AccountID, old.Hash); err != nil {
			m.o.Log.WarnContext(ctx, "the session before a log-in was not ended", "account", old.AccountID, "error", err)
		}
	}
	m.setCookie(c.Writer, s.cookie(), Life)
	c.Set(contextKey, &current[A]{acc: acc, record: rec})
	m.attach(c)
	return nil
}

// Renew goes on with the session that asks under the account's present epoch and a new secret, and ends all others:
// after a change of password, which raised the epoch. That the others are also removed only makes their end prompt.
func (m *Manager[A]) Renew(c *gin.Context, acc A) error {
	if err := m.LogIn(c, acc); err != nil {
		return err
	}
	return m.EndOthers(c.Request.Context(), acc, m.Session(c).Hash)
}

// LogOut ends the session that asks. If the backend fails, the cookie stays, because the session does.
func (m *Manager[A]) LogOut(c *gin.Context) error {
	if rec := m.Session(c); rec != nil {
		if err := m.o.Backend.Delete(c.Request.Context(), rec.AccountID, rec.Hash); err != nil {
			return err
		}
	}
	m.clearCookie(c.Writer)
	c.Set(contextKey, &current[A]{})
	m.attach(c)
	return nil
}

// List is where the account is logged in now, the last used first.
func (m *Manager[A]) List(ctx context.Context, acc A) ([]*Record, error) {
	id, epoch := acc.SessionOwner()
	all, err := m.o.Backend.List(ctx, id)
	kept := all[:0]
	for _, r := range all {
		if r.Epoch == epoch && r.ExpiresAt.After(m.o.Now()) {
			kept = append(kept, r)
		}
	}
	return kept, err
}

// End ends one of the account's sessions by its hash; one that is not there is fine.
func (m *Manager[A]) End(ctx context.Context, acc A, hash string) error {
	id, _ := acc.SessionOwner()
	return m.o.Backend.Delete(ctx, id, hash)
}

// EndOthers ends all of the account's sessions except the one with the hash keep; "" keeps none.
func (m *Manager[A]) EndOthers(ctx context.Context, acc A, keep string) error {
	id, _ := acc.SessionOwner()
	return m.o.Backend.DeleteOthers(ctx, id, keep)
}

func (m *Manager[A]) setCookie(w http.ResponseWriter, value string, life time.Duration) {
	replaceCookie(w, &http.Cookie{
		Name: m.CookieName(), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: m.o.Secure, SameSite: http.SameSiteLaxMode,
	})
}

func (m *Manager[A]) clearCookie(w http.ResponseWriter) {
	replaceCookie(w, &http.Cookie{
		Name: m.CookieName(), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: m.o.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// replaceCookie leaves one line for the cookie's name in the answer: browsers disagree about two.
func replaceCookie(w http.ResponseWriter, c *http.Cookie) {
	h := w.Header()
	var kept []string
	for _, line := range h.Values("Set-Cookie") {
		if !strings.HasPrefix(line, c.Name+"=") {
			kept = append(kept, line)
		}
	}
	h.Del("Set-Cookie")
	for _, line := range kept {
		h.Add("Set-Cookie", line)
	}
	http.SetCookie(w, c)
}

// cut shortens to at most n bytes without breaking a character.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
