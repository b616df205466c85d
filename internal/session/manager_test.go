package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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
	rows    map[string]*session.Record
	fail    error
	touched int
}

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
	if b.fail == nil {
		c := *r
		b.rows[r.Hash] = &c
	}
	return b.fail
}

func (b *memory) Touch(_ context.Context, _ int64, hash string, used, expires time.Time) error {
	b.touched++
	if r := b.rows[hash]; r != nil && b.fail == nil {
		r.UsedAt, r.ExpiresAt = used, expires
	}
	return b.fail
}

func (b *memory) SetData(_ context.Context, _ int64, hash string, data []byte) error {
	if r := b.rows[hash]; r != nil && b.fail == nil {
		r.Data = data
	}
	return b.fail
}

func (b *memory) Delete(_ context.Context, _ int64, hash string) error {
	if b.fail == nil {
		delete(b.rows, hash)
	}
	return b.fail
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
	m       *session.Manager[*member]
	backend *memory
	anna    *member
	now     time.Time
	cookies map[string]string
	last    *httptest.ResponseRecorder
}

func newSite(t *testing.T, secure bool) *site {
	gin.SetMode(gin.ReleaseMode)
	s := &site{
		t: t, engine: gin.New(), backend: &memory{rows: map[string]*session.Record{}}, anna: &member{id: 1, epoch: 3},
		now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), cookies: map[string]string{},
	}
	s.m = session.NewManager(session.Options{Backend: s.backend, Secure: secure, Now: func() time.Time { return s.now }},
		func(_ context.Context, id int64) (*member, bool, error) {
			return s.anna, id == s.anna.id && !s.anna.gone, nil
		})
	s.engine.Use(s.m.Middleware(func(c *gin.Context, err error) { c.String(http.StatusServiceUnavailable, err.Error()) }))
	answer := func(c *gin.Context, err error) {
		if err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		c.String(http.StatusOK, "done")
	}
	s.engine.GET("/who", func(c *gin.Context) {
		if acc, ok := s.m.Current(c); ok && acc == s.anna && s.m.Session(c) != nil {
			c.String(http.StatusOK, "anna")
			return
		}
		c.String(http.StatusOK, "visitor")
	})
	s.engine.GET("/login", func(c *gin.Context) { answer(c, s.m.LogIn(c, s.anna)) })
	s.engine.GET("/logout", func(c *gin.Context) { answer(c, s.m.LogOut(c)) })
	s.engine.GET("/flash", func(c *gin.Context) {
		d := sessions.Default(c)
		d.AddFlash("Saved.")
		d.Set("tab", "photos")
		answer(c, d.Save())
	})
	s.engine.GET("/flashes", func(c *gin.Context) {
		d := sessions.Default(c)
		var text []string
		for _, f := range d.Flashes() {
			text = append(text, f.(string))
		}
		tab, _ := d.Get("tab").(string)
		if err := d.Save(); err != nil {
			answer(c, err)
			return
		}
		c.String(http.StatusOK, strings.Join(text, ",")+"/"+tab)
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
	s.want("/flash", 500, session.ErrVisitor.Error())
	s.want("/flashes", 200, "/")
	if len(s.backend.rows) != 0 || len(s.cookies) != 0 {
		t.Errorf("something was kept for a visitor: %v %v", s.backend.rows, s.cookies)
	}
}

func TestLogInAndOut(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "done")
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
	s.want("/login", 200, "done")
	if s.cookies["tintype_session"] == before {
		t.Error("a log-in kept the secret")
	}
	if len(s.backend.rows) != 1 {
		t.Errorf("%d sessions, the one before should have ended", len(s.backend.rows))
	}

	s.want("/logout", 200, "done")
	if len(s.backend.rows) != 0 || len(s.cookies) != 0 {
		t.Errorf("left after log-out: %v %v", s.backend.rows, s.cookies)
	}
	s.cookies["tintype_session"] = before
	s.want("/who", 200, "visitor")
}

func TestSecureCookie(t *testing.T) {
	s := newSite(t, true)
	s.want("/login", 200, "done")
	if c := s.last.Result().Cookies()[0]; c.Name != "__Host-tintype_session" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	s.want("/who", 200, "anna")
}

func TestBackendDownIsNoLogOut(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "done")
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
	visitor.want("/login", 500, "no answer")
	if len(visitor.cookies) != 0 {
		t.Error("a log-in that failed set a cookie")
	}
}

func TestSessionsThatAreOver(t *testing.T) {
	for name, end := range map[string]func(*site){
		"another epoch":       func(s *site) { s.anna.epoch++ },
		"the account is gone": func(s *site) { s.anna.gone = true },
		"unused for 30 days":  func(s *site) { s.now = s.now.Add(session.Life) },
		"deleted":             func(s *site) { clear(s.backend.rows) },
		"a guessed secret": func(s *site) {
			v := s.cookies["tintype_session"]
			s.cookies["tintype_session"] = v[:len(v)-4] + "AAAA"
		},
		"another account's id": func(s *site) { s.cookies["tintype_session"] = "2" + s.cookies["tintype_session"][1:] },
		"nonsense":             func(s *site) { s.cookies["tintype_session"] = "nonsense" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, false)
			s.want("/login", 200, "done")
			s.want("/who", 200, "anna")
			end(s)
			s.want("/who", 200, "visitor")
			if len(s.cookies) != 0 {
				t.Error("the cookie of a session that is over stays")
			}
		})
	}
}

func TestSlidingExpiry(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "done")
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

func TestFlashes(t *testing.T) {
	s := newSite(t, false)
	s.want("/login", 200, "done")
	s.want("/flash", 200, "done")
	s.want("/flashes", 200, "Saved./photos")
	s.want("/flashes", 200, "/photos")
	s.want("/flash", 200, "done")
	s.want("/login", 200, "done")
	s.want("/flashes", 200, "/") // a new log-in begins empty
}

func TestPlacesWhereOneIsLoggedIn(t *testing.T) {
	s := newSite(t, false)
	ctx := t.Context()
	s.want("/login", 200, "done")
	phone := s.cookies
	s.cookies = map[string]string{}
	s.want("/login", 200, "done")
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
	gin.SetMode(gin.ReleaseMode)
	signed := session.NewSigned(keys([]byte("key")), true, nil)
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if signed.SetCookie(c, "return", make([]byte, 5000), time.Hour) {
		t.Error("took what no browser keeps")
	}
	if !signed.SetCookie(c, "return", []byte("/one"), time.Hour) || !signed.SetCookie(c, "return", []byte("/two"), time.Hour) {
		t.Error("not kept")
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-tintype_return" || !cookies[0].HttpOnly || !cookies[0].Secure {
		t.Fatalf("cookies %v", cookies)
	}
	c.Request.AddCookie(cookies[0])
	if v, ok := signed.Cookie(c, "return"); !ok || string(v) != "/two" {
		t.Errorf("%q %v", v, ok)
	}
	signed.ClearCookie(c, "return")
	if cookies := (&http.Response{Header: w.Header()}).Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 {
		t.Errorf("cookies %v", cookies)
	}
}
