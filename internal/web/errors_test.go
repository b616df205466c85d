package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
)

func TestEveryErrorHasItsAnswer(t *testing.T) {
	for _, c := range []struct {
		err        error
		status     int
		retryAfter string
	}{
		{community.ErrNotFound, 404, ""},
		{fmt.Errorf("post 7: %w", store.ErrNotFound), 404, ""},
		{community.ErrForbidden, 403, ""},
		{community.ErrClosed, 403, ""},
		{community.ErrUnauthenticated, 401, ""},
		{&community.Invalid{Fields: []community.FieldError{{Field: "username", Code: "taken", Message: "That name is taken."}}}, 422, ""},
		{store.ErrConflict, 422, ""},
		{fmt.Errorf("log in: %w", &community.TooMany{RetryAfter: 90 * time.Second}), 429, "90"},
		{&community.TooMany{RetryAfter: 1500 * time.Millisecond}, 429, "2"},
		{community.ErrTooLarge, 413, ""},
		{&http.MaxBytesError{Limit: 40_000_000}, 413, ""},
		{&community.Unavailable{RetryAfter: 3 * time.Second, Err: errors.New("dial tcp 10.0.0.9")}, 503, "3"},
		{store.ErrBusy, 503, "2"},
		{store.ErrFull, 507, ""},
		{community.ErrFull, 507, ""},
		{context.DeadlineExceeded, 503, "5"},
		{errors.New("the answer is 10.0.0.9"), 500, ""},
	} {
		t.Run(fmt.Sprintf("%d %v", c.status, c.err), func(t *testing.T) {
			site := newTestSite(t, func(r *Routes) { r.API("GET", "/api/x", func(*gin.Context) error { return c.err }) })
			w := site.ask("GET", "/api/x", "")
			if w.Code != c.status || w.Header().Get("Retry-After") != c.retryAfter {
				t.Errorf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
			var body struct {
				Error string `json:"error"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error == "" || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%v %q %q", err, w.Body, w.Header().Get("Content-Type"))
			}
			if strings.Contains(w.Body.String(), "10.0.0.9") {
				t.Errorf("the reader is told of our insides: %s", w.Body)
			}
			if c.status == 500 && !strings.Contains(site.logged.String(), "the answer is 10.0.0.9") {
				t.Errorf("the log does not tell the cause: %s", site.logged)
			}
		})
	}
}

func TestInvalidNamesItsFields(t *testing.T) {
	invalid := &community.Invalid{Fields: []community.FieldError{{Field: "username", Code: "taken", Message: "That name is taken."}, {Field: "email", Message: "That is no address."}}}
	site := newTestSite(t, func(r *Routes) {
		r.API("POST", "/api/v1/accounts", func(*gin.Context) error { return invalid })
		r.Personal("POST", "/signup", func(*gin.Context) error { return invalid })
	})
	for path, wantError := range map[string]string{"/api/v1/accounts": "Validation failed: That name is taken. That is no address.", "/signup": "That name is taken. That is no address."} {
		w := site.ask("POST", path, "a=b", "Accept: application/json")
		var body struct {
			Error   string
			Details map[string][]map[string]string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v in %s", path, err, w.Body)
		}
		if body.Error != wantError || body.Details["username"][0]["error"] != "ERR_TAKEN" || body.Details["email"][0]["description"] != "That is no address." {
			t.Errorf("%s: %+v", path, body)
		}
	}
}

func TestErrorsOfPages(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/secret", func(*gin.Context) error { return community.ErrNotFound })
	})
	page := ErrorPage(func(w http.ResponseWriter, _ *http.Request, status int, say func(*lang.Language) string, id string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "designed: %s (%s)", say(nil), id)
	})
	site.Errors.page.Store(&page)
	w := site.ask("GET", "/secret", "")
	if w.Code != 404 || !strings.HasPrefix(w.Body.String(), "designed: There is nothing here") || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := site.ask("GET", "/nowhere", ""); got.Code != 404 || !strings.HasPrefix(got.Body.String(), "designed") {
		t.Errorf("no route: %d %s", got.Code, got.Body)
	}
	if got := site.ask("DELETE", "/secret", ""); got.Code != 405 {
		t.Errorf("wrong method: %d", got.Code)
	}
	if got := site.ask("GET", "/api/v1/nowhere", ""); got.Code != 404 || got.Body.String() != `{"error":"Record not found"}` {
		t.Errorf("no API route: %d %s", got.Code, got.Body)
	}
}

func TestLogInLeadsBack(t *testing.T) {
	locked := func(*gin.Context) error { return community.ErrUnauthenticated }
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/settings", locked)
		r.Personal("POST", "/posts", locked)
		r.API("GET", "/api/v1/timelines/home", locked)
		r.Personal("GET", "/any/*rest", locked)
	})
	for _, c := range []struct{ method, target, referer, want string }{
		{"GET", "/settings?tab=2", "", "/login?return=%2Fsettings%3Ftab%3D2"},
		{"POST", "/posts", "http://example.com/compose", "/login?return=%2Fcompose"},
		{"POST", "/posts", "http://evil.example/compose", "/login?return=%2F"},
		{"POST", "/posts", "http://example.com//evil.example/", "/login?return=%2Fevil.example%2F"},
		{"POST", "/posts", "", "/login?return=%2F"},
	} {
		w := site.ask(c.method, c.target, "", "Referer: "+c.referer)
		if w.Code != 303 || w.Header().Get("Location") != c.want {
			t.Errorf("%+v: %d %s", c, w.Code, w.Header().Get("Location"))
		}
	}
	if w := site.ask("GET", "/settings", "", "Accept: application/json"); w.Code != 401 {
		t.Errorf("a script is redirected: %d", w.Code)
	}
	if w := site.ask("GET", "/api/v1/timelines/home", ""); w.Code != 401 {
		t.Errorf("an API client is redirected: %d", w.Code)
	}
}

func TestAnErrorAfterHalfAnAnswerCutsItOff(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Asset("GET", "/media/x", func(c *gin.Context) error {
			c.Header("Content-Length", "1000")
			if _, err := c.Writer.Write([]byte("half")); err != nil {
				return err
			}
			return errors.New("the disk went away")
		})
	})
	server := httptest.NewServer(site.handler)
	defer server.Close()
	answer, err := http.Get(server.URL + "/media/x")
	if err != nil {
		return // cut off before the first byte left the buffer
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("the reader takes half a photo for a whole one: %q", got)
	}
}

func TestFailedAnswersCarryNothingOfTheOneThatWasMeant(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Asset("GET", "/media/x", func(c *gin.Context) error {
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
			c.Header("ETag", `"x"`)
			c.Header("Content-Length", "5000000")
			return community.ErrNotFound
		})
	})
	h := site.ask("GET", "/media/x", "").Header()
	if h.Get("ETag") != "" || h.Get("Content-Length") == "5000000" || h.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%v", h)
	}
}
