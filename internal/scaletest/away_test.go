package scaletest

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// R36: while the writer is away, every page that only reads goes on and says that the site is read-only; what was
// entered in a form is kept on the page that says so, and can be sent again afterwards.
func TestPagesWhileTheWriterIsAway(t *testing.T) {
	db := servertest.MariaDBReplicas(t, 1)
	primary, replicas := db.NewDatabase(t)
	f := newFleet(t, 2, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","))
	anna, bert, eve := newBrowser(t, f[0]), newBrowser(t, f[1]), newBrowser(t, f[1])
	anna.signUp("anna")
	bert.signUp("bert")
	post := anna.publish("public")
	id := post[strings.LastIndexByte(post, '/')+1:]
	bert.post("/posts/"+id+"/comments", "text", "Nice", "idempotency_key", "k0").want(http.StatusOK) // which anna has not seen
	db.CatchUp(t)
	cookies := anna.cookies()

	const notice = "This site is read-only for the moment."
	says := func(a answer) bool { return strings.Contains(a.body, notice) }
	if a := anna.get(post).want(http.StatusOK); says(a) {
		t.Error("the site says that it is read-only while it is not")
	}
	db.Primary.Stop(t)
	for _, b := range []*browser{anna, bert} {
		eventually(t, "the page says that the site is read-only", func() bool {
			a := b.get(post)
			return a.status == http.StatusOK && says(a)
		})
	}
	for _, path := range []string{
		"/", "/explore", "/search?q=photo", "/@anna", "/@anna/followers", post, post + "/1", "/notifications", "/notifications", "/compose", "/posts/" + id + "/edit",
		"/posts/" + id + "/delete", "/follow-requests", "/settings", "/settings/profile", "/settings/account", "/settings/posting", "/settings/viewing",
		"/settings/sessions", "/settings/applications", "/settings/blocks", "/settings/delete", "/about", "/privacy",
	} {
		a := anna.get(path)
		if a.status != http.StatusOK || a.url.Path == "/login" || !says(a) && !strings.HasSuffix(path, "/1") {
			t.Errorf("%s: %d at %s, says so: %t", path, a.status, a.url, says(a))
		}
	}
	for _, path := range []string{"/?again", "/explore?again", "/@anna?again", post + "?again", "/about?again", "/login", "/signup"} {
		if a := eve.get(path); a.status != http.StatusOK || !says(a) {
			t.Errorf("%s for a visitor: %d, says so: %t", path, a.status, says(a))
		}
	}

	const words = `Nothing of "this" <may> get lost`
	kept := func(a answer, action string, parts ...string) url.Values {
		t.Helper()
		a.want(http.StatusServiceUnavailable)
		if a.header.Get("Retry-After") == "" || !says(a) || !strings.Contains(a.body, `action="`+action+`"`) || !strings.Contains(a.body, "Send it again") {
			t.Errorf("%s: %v\n%s", action, a.header, a.body)
		}
		form := url.Values{}
		for _, m := range hiddenField.FindAllStringSubmatch(a.body, -1) {
			form.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
		}
		for i := 0; i < len(parts); i += 2 {
			if form.Get(parts[i]) != parts[i+1] {
				t.Errorf("%s keeps %q as %q", action, parts[i], form.Get(parts[i]))
			}
		}
		return form
	}
	comment := kept(bert.post("/posts/"+id+"/comments", "text", words, "idempotency_key", "k1"), "/posts/"+id+"/comments", "text", words, "idempotency_key", "k1")
	kept(anna.post("/posts/"+id+"/edit", "caption", words, "visibility", "public", "licence", "cc-by-4.0"), "/posts/"+id+"/edit", "caption", words, "licence", "cc-by-4.0")
	kept(anna.post("/settings/posting", "visibility", "followers", "licence", "cc-by-4.0"), "/settings/posting", "visibility", "followers")
	a := eve.post("/login", "name", "anna", "password", password)
	if form := kept(a, "/login", "name", "anna"); strings.Contains(a.body, password) || form.Has("password") {
		t.Error("the password stands on the page")
	}
	if a := anna.post("/posts/" + id + "/like"); a.status != http.StatusServiceUnavailable {
		t.Errorf("a like: %d", a.status)
	}
	if now := anna.cookies(); len(now) < len(cookies) {
		t.Errorf("cookies are gone: had %v, has %v", cookies, now)
	}

	db.Primary.Start(t)
	for _, b := range []*browser{anna, bert} {
		eventually(t, "the site takes writes again", func() bool { a := b.get(post); return a.status == http.StatusOK && !says(a) })
	}
	send := func() answer {
		a, err := bert.do(http.MethodPost, "/posts/"+id+"/comments", comment)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	send().want(http.StatusOK)
	send().want(http.StatusOK) // twice is once
	if n := strings.Count(anna.get(post).want(http.StatusOK).body, html.EscapeString("Nothing of")); n != 1 {
		t.Errorf("the comment is there %d times", n)
	}
	if a := anna.get("/notifications").want(http.StatusOK); !strings.Contains(a.body, "Nothing of") || says(a) {
		t.Errorf("the notifications: %s", a.body)
	}
}
