package fleettest

import (
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// R36: while the primary is away, every page that only reads goes on and says that the site is read-only; what was
// entered in a form is kept on the page that says so, and can be sent again afterwards.
func TestPagesWhileThePrimaryIsAway(t *testing.T) {
	servertest.OnAnyFlavour(t, testPagesWhileThePrimaryIsAway)
}

func testPagesWhileThePrimaryIsAway(t *testing.T, flavour servertest.Flavour) {
	db := flavour.Replicas(t, 1)
	primary, replicas := db.NewDatabase(t)
	f := newFleet(t, 2, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","))
	anna, bert, eve := browser(t, f[0]), browser(t, f[1]), browser(t, f[1])
	anna.SignUp("anna")
	bert.SignUp("bert")
	post := published(anna, "public")
	id := post[strings.LastIndexByte(post, '/')+1:]
	bert.Post("/posts/"+id+"/comments", "text", "Nice", "idempotency_key", "k0").Want(http.StatusOK) // which anna has not seen
	db.CatchUp(t)
	cookies := anna.Cookies()

	const notice = "This site is read-only for the moment."
	says := func(a servertest.Answer) bool { return strings.Contains(a.Body, notice) }
	if a := again(anna, post).Want(http.StatusOK); says(a) {
		t.Error("the site says that it is read-only while it is not")
	}
	db.Primary.Stop(t)
	for _, b := range []*servertest.Client{anna, bert} {
		servertest.Eventually(t, "the page says that the site is read-only", func() bool {
			a := b.Get(post)
			return a.Status == http.StatusOK && says(a)
		})
	}
	for _, path := range []string{
		"/", "/explore", "/search?q=photo", "/@anna", "/@anna/followers", post, post + "/1", "/notifications", "/notifications", "/compose", "/posts/" + id + "/edit",
		"/posts/" + id + "/delete", "/follow-requests", "/settings", "/settings/profile", "/settings/account", "/settings/posting", "/settings/viewing",
		"/settings/sessions", "/settings/applications", "/settings/blocks", "/settings/delete", "/about", "/privacy",
	} {
		a := again(anna, path)
		if a.Status != http.StatusOK || a.URL.Path == "/login" || !says(a) && !strings.HasSuffix(path, "/1") {
			t.Errorf("%s: %d at %s, says so: %t", path, a.Status, a.URL, says(a))
		}
	}
	for _, path := range []string{"/?show=1", "/explore?show=1", "/@anna?show=1", post + "?show=1", "/about", "/login", "/signup"} {
		if a := again(eve, path); a.Status != http.StatusOK || !says(a) {
			t.Errorf("%s for a visitor: %d, says so: %t", path, a.Status, says(a))
		}
	}

	const words = `Nothing of "this" <may> get lost`
	kept := func(a servertest.Answer, action string, parts ...string) url.Values {
		t.Helper()
		a.Want(http.StatusServiceUnavailable)
		if a.Header.Get("Retry-After") == "" || !says(a) || !strings.Contains(a.Body, `action="`+action+`"`) || !strings.Contains(a.Body, "Send it again") {
			t.Errorf("%s: %v\n%s", action, a.Header, a.Body)
		}
		form := url.Values{}
		fields := a.Hidden()
		for i := 0; i < len(fields); i += 2 {
			form.Add(fields[i], fields[i+1])
		}
		for i := 0; i < len(parts); i += 2 {
			if form.Get(parts[i]) != parts[i+1] {
				t.Errorf("%s keeps %q as %q", action, parts[i], form.Get(parts[i]))
			}
		}
		return form
	}
	comment := kept(bert.Post("/posts/"+id+"/comments", "text", words, "idempotency_key", "k1"), "/posts/"+id+"/comments", "text", words, "idempotency_key", "k1")
	kept(anna.Post("/posts/"+id+"/edit", "caption", words, "visibility", "public", "licence", "cc-by-4.0"), "/posts/"+id+"/edit", "caption", words, "licence", "cc-by-4.0")
	kept(anna.Post("/settings/posting", "visibility", "followers", "licence", "cc-by-4.0"), "/settings/posting", "visibility", "followers")
	a := eve.Post("/login", "name", "anna", "password", password)
	if form := kept(a, "/login", "name", "anna"); strings.Contains(a.Body, password) || form.Has("password") {
		t.Error("the password stands on the page")
	}
	if a := anna.Post("/posts/" + id + "/like"); a.Status != http.StatusServiceUnavailable {
		t.Errorf("a like: %d", a.Status)
	}
	if now := anna.Cookies(); len(now) < len(cookies) {
		t.Errorf("cookies are gone: had %v, has %v", cookies, now)
	}

	db.Primary.Start(t)
	for _, b := range []*servertest.Client{anna, bert} {
		servertest.Eventually(t, "the site takes writes again", func() bool { a := b.Get(post); return a.Status == http.StatusOK && !says(a) })
	}
	send := func() servertest.Answer {
		return servertest.Again(20, func() servertest.Answer { return bert.Do(servertest.Values("/posts/"+id+"/comments", comment)) })
	}
	send().Want(http.StatusOK)
	send().Want(http.StatusOK) // twice is once
	// Others read it once the replica has it, which has lost its primary, too.
	read := func(path string) (a servertest.Answer) {
		t.Helper()
		servertest.Eventually(t, "another member reads the comment at "+path, func() bool {
			a = anna.Get(path)
			return a.Status == http.StatusOK && strings.Contains(a.Body, "Nothing of")
		})
		return a
	}
	if n := strings.Count(read(post).Body, html.EscapeString("Nothing of")); n != 1 {
		t.Errorf("the comment is there %d times", n)
	}
	if a := read("/notifications"); says(a) {
		t.Errorf("the notifications: %s", a.Body)
	}
}

// R36 with a place to move to, and no move: reads go on past the two minutes for which a process may go by what it knew of
// the primary.
func TestReadsGoOnBeforeAMove(t *testing.T) {
	if !servertest.All() {
		t.Skip("it takes more than two minutes: TEST_ALL=1 runs it")
	}
	db := servertest.AnyFlavour(t).Replicas(t, 1)
	primary, replicas := db.NewDatabase(t)
	next := "sqlite:" + filepath.Join(t.TempDir(), "next.db")
	f := newFleet(t, 1, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","), "DATABASE_NEXT="+next)
	anna := browser(t, f[0]).SignUp("anna")
	post := published(anna, "public")
	db.CatchUp(t)
	again(anna, post).Want(http.StatusOK)
	db.Primary.Hang(t)
	until := time.Now().Add(140 * time.Second) // time itself is the point
	for n := 0; time.Now().Before(until); n++ {
		begin := time.Now()
		if a := anna.Try(servertest.Read(fresh(post, -7, n))); a.Status != http.StatusOK {
			t.Fatalf("%d after %v, %v before the end", a.Status, time.Since(begin), time.Until(until))
		}
		time.Sleep(time.Second) // time itself is the point: a reader every second
	}
	begin := time.Now()
	if a := anna.Post("/settings/posting", "visibility", "followers", "licence", "cc-by-4.0"); a.Status != http.StatusServiceUnavailable || time.Since(begin) > aWrite {
		t.Errorf("a write: %d after %v", a.Status, time.Since(begin))
	}
	db.Primary.Cont(t)
	servertest.Eventually(t, "the site takes writes again", func() bool {
		return anna.Post("/settings/posting", "visibility", "followers", "licence", "cc-by-4.0").Status != http.StatusServiceUnavailable
	})
}
