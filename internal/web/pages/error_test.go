package pages

import (
	"net/http/httptest"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/session"
	"tintype/static"
)

// While the store of sessions is away, nobody knows who is logged in: the cookie alone tells who may be.
func TestOnlyMembersAreToldThatTheyAreLoggedIn(t *testing.T) {
	assets, err := static.New("")
	if err != nil {
		t.Fatal(err)
	}
	p := &Pages{Options: Options{Community: community.New(community.Options{}), Assets: assets, ReadOnly: func() bool { return false }}}
	for _, cookie := range []string{"", session.CookieName(false) + "=1.secret"} {
		r := httptest.NewRequest("POST", "/login", nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		w := httptest.NewRecorder()
		p.ErrorPage(w, r, 503, func(*lang.Language) string { return "" }, "1")
		body := w.Body.String()
		if !strings.Contains(body, "briefly unavailable") || strings.Contains(body, "still logged in") != (cookie != "") {
			t.Errorf("with the cookie %q: %s", cookie, body)
		}
	}
}
