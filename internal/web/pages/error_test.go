package pages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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

// What somebody wrote is not lost with an answer that has nothing to do with it, and the way back leads to a page.
func TestAnErrorPageKeepsTheForm(t *testing.T) {
	assets, err := static.New("")
	if err != nil {
		t.Fatal(err)
	}
	p := &Pages{Options: Options{Community: community.New(community.Options{}), Assets: assets, ReadOnly: func() bool { return false }}}
	form := url.Values{"text": {"What I had to say"}, "current_password": {"secret words"}}
	from := func(page string) http.Header { return http.Header{"Referer": {page}} }
	again, kept := `<a class="button" href="`, "What I had to say"
	for _, c := range []struct {
		name, method, path string
		status             int
		form               url.Values
		header             http.Header
		want, not          []string
	}{
		{"too many", "POST", "/posts/7/comment", 429, form, nil, []string{kept, `action="/posts/7/comment"`, "Send it again"}, []string{"secret words", `href="/posts/7/comment"`}},
		{"broken", "POST", "/posts/7/comment", 500, form, from("http://example.com/@ann/7?after=3"), []string{kept, "Send it again", `href="/@ann/7?after=3"`}, []string{"secret words"}},
		{"away", "POST", "/posts/7/comment", 503, url.Values{"text": {"a"}, "return": {"/@ann/7"}}, from("http://example.com/other"), []string{"Send it again", `href="/@ann/7"`}, []string{`href="/other"`}},
		{"not there", "POST", "/posts/7/comment", 404, form, nil, nil, []string{kept, "Send it again"}},
		{"nothing was read", "POST", "/posts/7/like", 429, nil, from("http://example.com/@ann/7"), []string{again + "/@ann/7\">Try again"}, []string{"Send it again", `href="/posts/7/like"`}},
		{"from elsewhere", "POST", "/posts/7/like", 500, nil, from("http://example.org/trap"), []string{again + "/\">Home"}, []string{"trap", `href="/posts/7/like"`}},
		{"from nowhere", "POST", "/posts/7/like", 429, nil, nil, []string{again + "/\">Home"}, []string{`href="/posts/7/like"`}},
		{"a page", "GET", "/explore?max_id=3", 503, nil, nil, []string{again + "/explore?max_id=3\">Try again"}, nil},
		{"another host", "GET", "//example.org/trap", 503, nil, nil, []string{again + "/example.org/trap\">Try again"}, []string{`"//example.org`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "http://example.com"+c.path, nil)
			r.PostForm = c.form
			for name, values := range c.header {
				r.Header[name] = values
			}
			w := httptest.NewRecorder()
			p.ErrorPage(w, r, c.status, func(*lang.Language) string { return "A sentence." }, "1")
			body := w.Body.String()
			for _, want := range c.want {
				if !strings.Contains(body, want) {
					t.Errorf("it lacks %q", want)
				}
			}
			for _, not := range c.not {
				if strings.Contains(body, not) {
					t.Errorf("it has %q", not)
				}
			}
			if t.Failed() {
				t.Log(body)
			}
		})
	}
}
