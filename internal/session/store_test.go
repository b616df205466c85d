package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"tintype/internal/session"
)

// member is what a site has for accounts.
type member struct {
	id    int64
	epoch int
	gone  bool
}

func (m *member) SessionOwner() (int64, int) { return m.id, m.epoch }

// memory is a backend whose failures a test decides.
type memory struct {
	rows       map[string]*session.Record
	fail       error
	failWrites error
	touched    int
}

func (b *memory) String() string { return "memory" }

func (b *memory) Get(_ context.Context, _ int64, hash string) (*session.Record, error) {
	if b.fail != nil {
		return nil, b.fail
	}
	r, ok := b.rows[hash]
	if !ok {
		return nil, session.ErrNone
	}
	c := *r
	return &c, nil
}

func (b *memory) Put(_ context.Context, r *session.Record) error {
	if b.fail == nil && b.failWrites == nil {
		c := *r
		b.rows[r.Hash] = &c
	}
	return errors.Join(b.fail, b.failWrites)
}

func (b *memory) Touch(_ context.Context, _ int64, hash string, used, expires time.Time) error {
	b.touched++
	if r := b.rows[hash]; r != nil && b.fail == nil {
		r.UsedAt, r.ExpiresAt = used, expires
	}
	return b.fail
}

func (b *memory) Delete(_ context.Context, _ int64, hash string) error {
	if b.fail == nil && b.failWrites == nil {
		delete(b.rows, hash)
	}
	return errors.Join(b.fail, b.failWrites)
}

func (b *memory) List(_ context.Context, _ int64) ([]*session.Record, error) {
	var all []*session.Record
	for _, r := range b.rows {
		all = append(all, r)
	}
	return all, b.fail
}

func (b *memory) DeleteOthers(_ context.Context, _ int64, keep string) error {
	for h := range b.rows {
		if h != keep {
			delete(b.rows, h)
		}
	}
	return b.fail
}

// site is a small site with sessions, and a browser that visits it.
type site struct {
	t       *testing.T
	engine  *gin.Engine
	m       *session.Store
	backend *memory
	anna    *member
	now     time.Time
	cookies map[string]string
	last    *httptest.ResponseRecorder
	refused []session.Reason
	log     *bytes.Buffer
}

func newSite(t *testing.T, secure bool) *site {
	gin.SetMode(gin.ReleaseMode)
	s := &site{
		t: t, engine: gin.New(), backend: &memory{rows: map[string]*session.Record{}}, anna: &member{id: 1, epoch: 3},
		now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), cookies: map[string]string{}, log: &bytes.Buffer{},
	}
	s.m = session.NewStore(session.Options{
		Backend: s.backend, Secure: secure, Now: func() time.Time { return s.now },
		Load: func(_ context.Context, id int64) (session.Member, bool, error) {
			return s.anna, id == s.anna.id && !s.anna.gone, nil
		},
		OnRefused: func(why session.Reason) { s.refused = append(s.refused, why) },
		Log:       slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	s.engine.Use(s.m.Middleware()...)
	s.engine.Use(func(c *gin.Context) {
		// A handler's deadline must not part it from the session.
		ctx, cancel := context.WithTimeout(c.Request.Context(), time.Minute)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		if err := s.m.Begin(c); err != nil {
			c.String(http.StatusServiceUnavailable, err.Error())
			c.Abort()
			return
		}
		c.Next()
	})
	who := func(c *gin.Context) string {
		acc, _ := sessions.Default(c).Get(session.AccountKey).(*member)
		if (acc != nil) != (session.Current(c.Request.Context()) != nil) || (acc != nil) != (sessions.Default(c).ID() != "") {
			t.Error("the places that tell who is logged in disagree")
		}
		if acc == s.anna {
			return "anna"
		}
		return "visitor"
	}
	save := func(c *gin.Context) {
		if err := sessions.Default(c).Save(); err != nil {
			c.String(http.StatusInternalServerError, who(c)+": "+err.Error())
			return
		}
		c.String(http.StatusOK, who(c))
	}
	s.engine.GET("/who", func(c *gin.Context) { c.String(http.StatusOK, who(c)) })
	s.engine.GET("/login", func(c *gin.Context) {
		sessions.Default(c).Set(session.AccountKey, s.anna)
		save(c)
	})
	s.engine.GET("/logout", func(c *gin.Context) {
		sessions.Default(c).Clear()
		save(c)
	})
	s.engine.GET("/expire", func(c *gin.Context) {
		sessions.Default(c).Options(sessions.Options{MaxAge: -1})
		save(c)
	})
	s.engine.GET("/flash", func(c *gin.Context) {
		sessions.Default(c).AddFlash("Saved.")
		save(c)
	})
	return s
}

// get visits a page as the browser with its cookies, and answers the status and the text.
func (s *site) get(path string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, nil)
	r.Header.Set("User-Agent", "Browser/1")
	for name, value := range s.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	s.last = httptest.NewRecorder()
	s.engine.ServeHTTP(s.last, r)
	for _, c := range s.last.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(s.cookies, c.Name)
		} else {
			s.cookies[c.Name] = c.Value
		}
	}
	return s.last.Code, s.last.Body.String()
}

func (s *site) want(path string, status int, text string) {
	s.t.Helper()
	if gotStatus, gotText := s.get(path); gotStatus != status || text != "" && gotText != text {
		s.t.Errorf("%s: %d %q, want %d %q", path, gotStatus, gotText, status, text)
	}
}

func TestVisitorsHaveNothing(t *testing.T) {
	s := newSite(t, false)
	s.want("/who", 200, "visitor")
	if len(s.last.Header().Values("Set-Cookie")) != 0 {
		t.Errorf("a visitor got a cookie: %v", s.last.Header())
	}
	s.want("/flash", 500, "")
	s.want("/logout", 200, "visitor")
	if len(s.backend.rows) != 0 || len(s.cookies) != 0 {
		t.Errorf("something was kept for a visitor: %v %v", s.backend.rows, s.cookies)
	}
}

func TestLogInAndOut(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "anna")
	c := s.last.Result().Cookies()[0]
	if c.Name != "tintype_session" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.Path != "/" || c.MaxAge != 30*24*3600 {
		t.Errorf("cookie %+v", c)
	}
	for h := range s.backend.rows {
		if strings.Contains(c.Value, h) || len(h) != 64 {
			t.Errorf("the backend's key %q shows in the cookie %q", h, c.Value)
		}
	}
	s.want("/who", 200, "anna")
	if len(s.last.Header().Values("Set-Cookie")) != 0 {
		t.Error("every request sets the cookie anew")
	}

	before := s.cookies["tintype_session"]
	s.want("/login", 200, "anna")
	if s.cookies["tintype_session"] == before {
		t.Error("a log-in kept the secret")
	}
	if len(s.backend.rows) != 1 {
		t.Errorf("%d sessions, the one before should have ended", len(s.backend.rows))
	}

	s.want("/logout", 200, "visitor")
	if len(s.backend.rows) != 0 || len(s.cookies) != 0 {
		t.Errorf("left after log-out: %v %v", s.backend.rows, s.cookies)
	}
	s.cookies["tintype_session"] = before
	s.want("/who", 200, "visitor")
}

func TestSecureCookie(t *testing.T) {
	s := newSite(t, true)
	s.want("/login", 200, "anna")
	if c := s.last.Result().Cookies()[0]; c.Name != "__Host-tintype_session" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	s.want("/who", 200, "anna")
}

func TestBackendDownIsNoLogOut(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "anna")
	cookie := s.cookies["tintype_session"]
	s.backend.fail = errors.New("no answer")
	s.want("/who", 503, "no answer")
	s.want("/logout", 503, "")
	if s.cookies["tintype_session"] != cookie {
		t.Error("the cookie was taken away")
	}
	s.backend.fail = nil
	s.want("/who", 200, "anna")

	visitor := newSite(t, false)
	visitor.backend.fail = errors.New("no answer")
	visitor.want("/who", 200, "visitor") // nobody asks the backend for a visitor
	visitor.want("/login", 500, "visitor: no answer")
	if len(visitor.cookies) != 0 {
		t.Error("a log-in that failed set a cookie")
	}
}

func TestSessionsThatAreOver(t *testing.T) {
	seen := map[session.Reason]bool{}
	for name, end := range map[string]struct {
		do  func(*site)
		why session.Reason
	}{
		"another epoch":       {func(s *site) { s.anna.epoch++ }, session.OldEpoch},
		"the account is gone": {func(s *site) { s.anna.gone = true }, session.AccountGone},
		"unused for 30 days":  {func(s *site) { s.now = s.now.Add(session.Life) }, session.Expired},
		"deleted":             {func(s *site) { clear(s.backend.rows) }, session.Unknown},
		"a guessed secret": {func(s *site) {
			v := s.cookies["tintype_session"]
			s.cookies["tintype_session"] = v[:len(v)-4] + "AAAA"
		}, session.Unknown},
		// The backend of this test does not look at the id.
		"another account's id": {func(s *site) { s.cookies["tintype_session"] = "2" + s.cookies["tintype_session"][1:] }, session.AccountGone},
		"another account's record": {func(s *site) {
			for _, r := range s.backend.rows {
				r.AccountID = 2
			}
		}, session.WrongAccount},
		"nonsense": {func(s *site) { s.cookies["tintype_session"] = "nonsense" }, session.Malformed},
	} {
		seen[end.why] = true
		t.Run(name, func(t *testing.T) {
			s := newSite(t, false)
			s.want("/login", 200, "anna")
			s.want("/who", 200, "anna")
			if len(s.refused) != 0 || s.log.Len() != 0 {
				t.Errorf("refused while it held: %v, %s", s.refused, s.log)
			}
			end.do(s)
			cookie := s.cookies["tintype_session"]
			s.want("/who", 200, "visitor")
			if len(s.cookies) != 0 {
				t.Error("the cookie of a session that is over stays")
			}
			if !slices.Equal(s.refused, []session.Reason{end.why}) {
				t.Errorf("refused for %q, want %q", s.refused, end.why)
			}
			if text := s.log.String(); !strings.Contains(text, "level=DEBUG") || !strings.Contains(text, "reason="+string(end.why)) ||
				strings.Contains(text, strings.TrimLeft(cookie, "0123456789.")) {
				t.Errorf("logged %q", text)
			}
			s.want("/who", 200, "visitor")
			if len(s.refused) != 1 {
				t.Error("a request without a cookie is refused")
			}
		})
	}
	for _, why := range session.Reasons() {
		if !seen[why] {
			t.Errorf("nothing here is refused for %q", why)
		}
	}
}

func TestSlidingExpiry(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "anna")
	for range 5 {
		s.now = s.now.Add(4 * time.Hour)
		s.want("/who", 200, "anna")
	}
	if s.backend.touched != 0 {
		t.Errorf("touched %d times within a day", s.backend.touched)
	}
	for range 3 {
		s.now = s.now.Add(20 * 24 * time.Hour)
		s.want("/who", 200, "anna")
		if len(s.last.Result().Cookies()) != 1 {
			t.Error("the cookie does not live as long as the session")
		}
		s.want("/who", 200, "anna")
	}
	if s.backend.touched != 3 {
		t.Errorf("touched %d times, want 3", s.backend.touched)
	}
}

func TestASessionHoldsTheAccountAlone(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "anna")
	s.want("/flash", 500, "anna: session: _flash cannot be kept: a session holds the account alone")
	s.want("/who", 200, "anna")
	s.want("/expire", 200, "visitor")
	if len(s.backend.rows) != 0 || len(s.cookies) != 0 {
		t.Errorf("left after log-out: %v %v", s.backend.rows, s.cookies)
	}
}

func TestABackendThatFailsALogInOrOutChangesNothing(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "anna")
	cookie := s.cookies["tintype_session"]
	for _, path := range []string{"/login", "/logout"} {
		s.backend.failWrites = errors.New("no answer")
		s.want(path, 500, "anna: no answer")
		s.backend.failWrites = nil
		if s.cookies["tintype_session"] != cookie {
			t.Errorf("%s failed, and the cookie changed", path)
		}
		s.want("/who", 200, "anna")
	}
}

func TestNoSessionLastsForEver(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "anna")
	begin := s.now
	for s.now.Sub(begin) < session.MaxLife-20*24*time.Hour {
		s.now = s.now.Add(10 * 24 * time.Hour)
		s.want("/who", 200, "anna")
	}
	c := s.last.Result().Cookies()[0]
	if got, want := time.Duration(c.MaxAge)*time.Second, session.MaxLife-s.now.Sub(begin); got != want {
		t.Errorf("the cookie lives %v, its session %v", got, want)
	}
	s.now = begin.Add(session.MaxLife - time.Second)
	s.want("/who", 200, "anna")
	s.now = begin.Add(session.MaxLife)
	for _, r := range s.backend.rows {
		r.ExpiresAt = s.now.Add(time.Hour) // as a release without the bound has left it
	}
	if all, err := s.m.List(t.Context(), s.anna); err != nil || len(all) != 0 {
		t.Errorf("it is listed: %v %v", all, err)
	}
	s.want("/who", 200, "visitor")
	if len(s.cookies) != 0 {
		t.Error("the cookie of a session that is over stays")
	}
}

func TestPlacesWhereOneIsLoggedIn(t *testing.T) {
	s := newSite(t, false)
	ctx := t.Context()
	s.want("/login", 200, "anna")
	phone := s.cookies
	s.cookies = map[string]string{}
	s.want("/login", 200, "anna")
	all, err := s.m.List(ctx, s.anna)
	if err != nil || len(all) != 2 || all[0].UserAgent != "Browser/1" {
		t.Fatalf("%v %v", all, err)
	}
	keep := all[0].Hash
	if err := s.m.EndOthers(ctx, s.anna, keep); err != nil {
		t.Fatal(err)
	}
	if all, err = s.m.List(ctx, s.anna); err != nil || len(all) != 1 || all[0].Hash != keep {
		t.Errorf("%v %v", all, err)
	}
	if err := s.m.End(ctx, s.anna, keep); err != nil {
		t.Fatal(err)
	}
	s.want("/who", 200, "visitor")
	s.cookies = phone
	s.want("/who", 200, "visitor")
}

func keys(list ...[]byte) func() [][]byte { return func() [][]byte { return list } }

func TestSigned(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	old := session.NewSigned(keys([]byte("old key")), true, clock)
	both := session.NewSigned(keys([]byte("new key"), []byte("old key")), true, clock)
	fresh := session.NewSigned(keys([]byte("new key")), true, clock)

	sealed := old.Seal("return", []byte("/@anna"), time.Hour)
	if v, ok := both.Open("return", sealed); !ok || string(v) != "/@anna" {
		t.Errorf("a rotated key: %q %v", v, ok)
	}
	if _, ok := fresh.Open("return", sealed); ok {
		t.Error("a key that is gone still opens")
	}
	if v, ok := fresh.Open("return", both.Seal("return", []byte("x"), time.Hour)); !ok || string(v) != "x" {
		t.Error("the first key does not sign")
	}
	if _, ok := old.Open("act", sealed); ok {
		t.Error("opened for another purpose")
	}
	for i := range sealed {
		c := byte('A')
		if sealed[i] == c {
			c = 'B'
		}
		if v, ok := old.Open("return", sealed[:i]+string(c)+sealed[i+1:]); ok && string(v) != "/@anna" {
			t.Fatalf("changed at %d and opened as %q", i, v)
		}
	}
	for _, s := range []string{"", "AAAA", sealed[:20]} {
		if _, ok := old.Open("return", s); ok {
			t.Errorf("opened %q", s)
		}
	}
	now = now.Add(time.Hour)
	if _, ok := old.Open("return", sealed); ok {
		t.Error("opened after its time")
	}
}

func TestSignedCookie(t *testing.T) {
	signed := session.NewSigned(keys([]byte("key")), true, nil)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if signed.SetCookie(w, "return", make([]byte, 5000), time.Hour) {
		t.Error("took what no browser keeps")
	}
	if !signed.SetCookie(w, "return", []byte("/one"), time.Hour) || !signed.SetCookie(w, "return", []byte("/two"), time.Hour) {
		t.Error("not kept")
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-tintype_return" || !cookies[0].HttpOnly || !cookies[0].Secure {
		t.Fatalf("cookies %v", cookies)
	}
	r.AddCookie(cookies[0])
	if v, ok := signed.Cookie(r, "return"); !ok || string(v) != "/two" {
		t.Errorf("%q %v", v, ok)
	}
}
