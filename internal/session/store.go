package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	gorilla "github.com/gorilla/sessions"

	"tintype/internal/budget"
	"tintype/internal/recent"
)

// AccountKey is the key of a session's only value, its account, a Member. Setting it and calling Save logs in. Clear
// and Save log out.
const AccountKey = "account"

// Member is the account that a session belongs to, of whatever type the site has for accounts.
type Member interface {
	// SessionOwner is the account's id and its current epoch.
	SessionOwner() (id int64, epoch int)
}

// Options configure a Store.
type Options struct {
	Backend Backend
	// Load reads an account from the primary. Found is false for one that may no longer act. It is called once for each
	// request with a session, unless the backend already has the account.
	Load   func(ctx context.Context, id int64) (acc Member, found bool, err error)
	Secure bool // the site is served over https
	Log    *slog.Logger
	Now    func() time.Time // nil is time.Now
	// Address returns where a request comes from, for the list of the account's sessions. Nil records none.
	Address func(*http.Request) string
	// OnRefused, if not nil, is called for each request whose cookie names no session that holds.
	OnRefused func(Reason)
}

// Reason says why a request that has a session's cookie is a visitor's all the same.
type Reason string

const (
	// Malformed is a cookie that no log-in can have made.
	Malformed Reason = "malformed"
	// Unknown is a session that its member ended, that was removed after its time, or that never was.
	Unknown Reason = "unknown"
	// Expired is a session whose time is over.
	Expired Reason = "expired"
	// AccountGone is an account that is deleted or may no longer act.
	AccountGone Reason = "account_gone"
	// WrongAccount is a record that names another account than the cookie.
	WrongAccount Reason = "wrong_account"
	// OldEpoch is a session from before all of the account's sessions were ended, as a change of the password does.
	OldEpoch Reason = "old_epoch"
)

// Reasons returns all of them.
func Reasons() []Reason {
	return []Reason{Malformed, Unknown, Expired, AccountGone, WrongAccount, OldEpoch}
}

// Store is the sessions.Store of gin-contrib/sessions. A request goes through three steps: Attach and gin-contrib's own
// middleware (see Middleware), then Begin, which reads the session and returns errors that gin-contrib would only log.
// From then on sessions.Default has the account under AccountKey, and the session's name in lists as its ID.
type Store struct {
	o       Options
	touched recent.Pauses[string]
}

var _ sessions.Store = (*Store)(nil)

// NewStore makes a Store.
func NewStore(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Address == nil {
		o.Address = func(*http.Request) string { return "" }
	}
	if o.OnRefused == nil {
		o.OnRefused = func(Reason) {}
	}
	return &Store{o: o}
}

// CookieName returns the name of the session's cookie. Browsers accept a name with __Host- only over https, for this
// host and the path /, so that no other host can set it.
func CookieName(secure bool) string {
	if secure {
		return "__Host-tintype_session"
	}
	return "tintype_session"
}

// CookieName is that of this site.
func (s *Store) CookieName() string { return CookieName(s.o.Secure) }

// current is what a request is known to be. There is one a request, in its context.
type current struct {
	session *gorilla.Session // shows the record's owner, until a handler sets another
	record  *Record          // with its Owner; nil for a visitor
}

// show has the session show the record's owner.
func (cur *current) show(rec *Record) {
	cur.record = rec
	clear(cur.session.Values)
	cur.session.ID, cur.session.IsNew = "", true
	if rec != nil {
		cur.session.Values[AccountKey] = rec.Owner
		cur.session.ID, cur.session.IsNew = rec.Hash, false
	}
}

// member is the account that the session shows, nil for a visitor.
func (cur *current) member() Member {
	m, _ := cur.session.Values[AccountKey].(Member)
	return m
}

type contextKey struct{}

func currentOf(ctx context.Context) *current {
	cur, _ := ctx.Value(contextKey{}).(*current)
	return cur
}

// Current returns the account of the request that ctx belongs to, nil for a visitor and before Begin. It is the one that
// sessions.Default has under AccountKey.
func Current(ctx context.Context) Member {
	if cur := currentOf(ctx); cur != nil {
		return cur.member()
	}
	return nil
}

// Middleware makes sessions.Default work in the handlers after it. It reads nothing: see Begin.
func (s *Store) Middleware() []gin.HandlerFunc {
	return []gin.HandlerFunc{s.attach, sessions.Sessions(s.CookieName(), s)}
}

func (s *Store) attach(c *gin.Context) {
	cur := &current{session: gorilla.NewSession(s, s.CookieName())}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), contextKey{}, cur))
}

// Begin reads the session that the request's cookie names. Called again, it reads it again.
//
// An error means that the backend (or the accounts) did not answer: the request must then be answered 503, and the
// cookie stays. A cookie whose session is over is removed.
func (s *Store) Begin(c *gin.Context) error {
	cur := currentOf(c.Request.Context())
	if cur == nil {
		return errors.New("session: the route lacks the middleware")
	}
	cur.show(nil)
	cookie, err := c.Request.Cookie(s.CookieName())
	if err != nil {
		return nil
	}
	sec, ok := parseSecret(cookie.Value)
	if !ok {
		s.refuse(c, Malformed, 0)
		return nil
	}
	rec, why, err := s.find(c.Request.Context(), sec)
	if err != nil {
		return err
	}
	if why != "" {
		s.refuse(c, why, sec.accountID)
		return nil
	}
	cur.show(rec)
	s.touch(c, sec, rec)
	return nil
}

// refuse removes the cookie. The account is the one that the cookie names, which anybody can write into it. After a form the cookie
// stays until a page is asked for: sent twice, the form may have got a new session by its first answer, which the second's would remove.
func (s *Store) refuse(c *gin.Context, why Reason, account int64) {
	if c.Request.Method != http.MethodPost {
		s.clearCookie(c.Writer)
	}
	s.o.OnRefused(why)
	s.o.Log.DebugContext(c.Request.Context(), "a cookie names no session that holds", "reason", why, "account", account)
}

// find is the session with its account, or why there is none that still holds.
func (s *Store) find(ctx context.Context, sec secret) (*Record, Reason, error) {
	rec, err := s.o.Backend.Get(ctx, sec.accountID, sec.hash())
	if errors.Is(err, ErrNone) {
		return nil, Unknown, nil
	}
	if err != nil {
		return nil, "", err
	}
	if !rec.holds(s.o.Now()) {
		return nil, Expired, nil
	}
	if rec.Owner == nil {
		var found bool
		if rec.Owner, found, err = s.o.Load(ctx, sec.accountID); err != nil {
			return nil, "", err
		} else if !found {
			return nil, AccountGone, nil
		}
	}
	switch id, epoch := rec.Owner.SessionOwner(); {
	case id != rec.AccountID:
		return nil, WrongAccount, nil
	case epoch != rec.Epoch:
		return nil, OldEpoch, nil
	}
	return rec, "", nil
}

// touchPause is how long this process leaves a session alone whose use it has just noted, or tried to: the many requests
// that arrive together after a day have all read the same record.
const touchPause = time.Minute

// touch notes the use of a session, at most daily, and lets the cookie live as long as the session. That it fails
// is no reason to fail the request.
func (s *Store) touch(c *gin.Context, sec secret, rec *Record) {
	now := s.o.Now()
	if now.Sub(rec.UsedAt) < touchEvery {
		return
	}
	// Of the requests of one page only one writes.
	if !s.touched.First(rec.Hash, now, touchPause) {
		return
	}
	account, hash, expires := rec.AccountID, rec.Hash, expiry(rec.CreatedAt, now)
	var err error
	ended := budget.Aside(c.Request.Context(), func(ctx context.Context) {
		if err = s.o.Backend.Touch(ctx, account, hash, now, expires); err != nil {
			s.o.Log.WarnContext(ctx, "a session's use was not noted", "account", account, "error", err)
		}
	})
	if !ended || err != nil {
		return
	}
	rec.UsedAt, rec.ExpiresAt = now, expires
	s.setCookie(c.Writer, sec.cookie(), expires.Sub(now))
}

// Options implements sessions.Store. The cookie is the Store's own business.
func (s *Store) Options(sessions.Options) {}

// Get implements gorilla's Store: the session that Begin found, empty for a visitor.
func (s *Store) Get(r *http.Request, name string) (*gorilla.Session, error) {
	if cur := currentOf(r.Context()); cur != nil {
		return cur.session, nil
	}
	return gorilla.NewSession(s, name), errors.New("session: the route lacks the middleware")
}

// New implements gorilla's Store.
func (s *Store) New(r *http.Request, name string) (*gorilla.Session, error) { return s.Get(r, name) }

// Save implements gorilla's Store. With an account it logs that in under a new secret. Without one, or with a negative
// MaxAge, it logs out. If the backend fails, nothing changes.
func (s *Store) Save(r *http.Request, w http.ResponseWriter, g *gorilla.Session) error {
	cur := currentOf(r.Context())
	if cur == nil || cur.session != g {
		return errors.New("session: this is not the session of the request")
	}
	member := cur.member()
	for key := range g.Values {
		if key != AccountKey || member == nil {
			cur.show(cur.record)
			return fmt.Errorf("session: %v cannot be kept: a session holds the account alone", key)
		}
	}
	// gin-contrib keeps the request as it was before the handler's deadline.
	ctx, cancel := context.WithTimeout(r.Context(), saveTimeout)
	defer cancel()
	var err error
	if member == nil || g.Options != nil && g.Options.MaxAge < 0 {
		err = s.logOut(ctx, w, cur)
	} else {
		err = s.logIn(ctx, r, w, cur, member)
	}
	if err != nil {
		cur.show(cur.record)
	}
	return err
}

// logIn starts a session for the account, under a new secret, and ends the one that the request brought, if any.
func (s *Store) logIn(ctx context.Context, r *http.Request, w http.ResponseWriter, cur *current, m Member) error {
	id, epoch := m.SessionOwner()
	sec, now := newSecret(id), s.o.Now()
	rec := &Record{
		AccountID: id, Hash: sec.hash(), Epoch: epoch,
		UserAgent: cut(r.UserAgent(), 255), Address: cut(s.o.Address(r), 64),
		CreatedAt: now, UsedAt: now, ExpiresAt: expiry(now, now),
	}
	if err := s.o.Backend.Put(ctx, rec); err != nil {
		return err
	}
	if old := cur.record; old != nil {
		if err := s.o.Backend.Delete(ctx, old.AccountID, old.Hash); err != nil {
			s.o.Log.WarnContext(ctx, "the session before a log-in was not ended", "account", old.AccountID, "error", err)
		}
	}
	s.setCookie(w, sec.cookie(), Life)
	rec.Owner = m
	cur.show(rec)
	return nil
}

// logOut ends the session that asks. If the backend fails, the cookie stays, because the session does.
func (s *Store) logOut(ctx context.Context, w http.ResponseWriter, cur *current) error {
	if rec := cur.record; rec != nil {
		if err := s.o.Backend.Delete(ctx, rec.AccountID, rec.Hash); err != nil {
			return err
		}
	}
	s.clearCookie(w)
	cur.show(nil)
	return nil
}

// List returns the account's sessions, the last used first.
func (s *Store) List(ctx context.Context, m Member) ([]*Record, error) {
	id, epoch := m.SessionOwner()
	all, err := s.o.Backend.List(ctx, id)
	kept := all[:0]
	for _, r := range all {
		if r.Epoch == epoch && r.holds(s.o.Now()) {
			kept = append(kept, r)
		}
	}
	return kept, err
}

// End ends one of the account's sessions by its hash. An absent one is no error.
func (s *Store) End(ctx context.Context, m Member, hash string) error {
	id, _ := m.SessionOwner()
	return s.o.Backend.Delete(ctx, id, hash)
}

// EndOthers ends all of the account's sessions except the one with the hash keep; "" keeps none.
func (s *Store) EndOthers(ctx context.Context, m Member, keep string) error {
	id, _ := m.SessionOwner()
	return s.o.Backend.DeleteOthers(ctx, id, keep)
}
