package e2e

import (
	"net/http"
	"path"
	"strings"
	"testing"

	"tintype/internal/phototest"
)

// A day on the site without scripts: what each person sees, and what they must not.
func day(t *testing.T, site stage) {
	ada, ben := site.join(t, "ada"), site.join(t, "ben")
	nobody := site.visitor(t)

	photo := phototest.JPEG(phototest.Options{Width: 900, Height: 600, Orientation: 6, GPS: true, Model: "X100", Make: "Fuji"})
	post := ada.postPhoto(photo, "caption", "Fog over the #harbour, says @ben")
	postPath := post.url.Path
	post.has("Fog over the", `href="`+site.URL+`/tags/harbour"`, `href="`+site.URL+`/@ben"`)

	t.Run("everybody sees a public post", func(t *testing.T) {
		for _, m := range []*member{ada, ben, nobody} {
			m.get(postPath).want(200).has("Fog over the")
			m.sees("/explore", postPath)
			m.sees("/tags/harbour", postPath)
			m.sees("/@ada", postPath)
			m.sees("/@ada.atom", "Fog over the")
			m.sees("/tags/harbour.atom", "Fog over the")
		}
		nobody.sees("/sitemap.xml", postPath)
		nobody.sees("/", postPath)
	})

	t.Run("variants hold no trace of the place", func(t *testing.T) {
		urls := nobody.get(postPath).media()
		if len(urls) < 3 {
			t.Fatalf("only %d addresses of photos on the page", len(urls))
		}
		for _, u := range urls {
			p := nobody.get(u).want(200)
			if got := p.header.Get("Content-Type"); got != "image/jpeg" {
				t.Errorf("%s is %s", u, got)
			}
			if got := p.header.Get("Cache-Control"); !strings.Contains(got, "max-age=31536000") || !strings.Contains(got, "immutable") {
				t.Errorf("%s has Cache-Control %q", u, got)
			}
			for _, mark := range phototest.GPSMarks() {
				if strings.Contains(p.body, string(mark)) {
					t.Errorf("%s still says where it was taken", u)
				}
			}
		}
	})

	t.Run("feeds, likes, comments, notifications", func(t *testing.T) {
		ben.get("/").want(200).lacks(postPath)
		ben.post("/@ada/follow").want(200)
		ben.get("/").want(200).has(postPath)
		id := postPath[strings.LastIndexByte(postPath, '/')+1:]
		ben.post("/posts/"+id+"/like", "return", postPath).want(200)
		ben.post("/posts/"+id+"/comments", "text", "How cold was it?", "idempotency_key", "k1").want(200).has("How cold was it?")
		again := ben.post("/posts/"+id+"/comments", "text", "How cold was it?", "idempotency_key", "k1").want(200)
		if n := strings.Count(again.text(), "How cold was it?"); n != 1 {
			t.Errorf("a comment sent twice is there %d times", n)
		}
		ada.sees("/notifications", "ben", "How cold was it?")
		ben.sees("/notifications", "ada") // was mentioned
	})

	t.Run("followers only", func(t *testing.T) {
		secret := ben.postPhoto(photo, "caption", "For friends #harbour", "visibility", "followers")
		path := secret.url.Path
		media := secret.media()
		if len(media) == 0 {
			t.Fatal("the author sees no photo")
		}
		for _, m := range []*member{ada, nobody} {
			m.get(path).want(404).lacks("For friends")
			for _, list := range []string{"/explore", "/tags/harbour", "/@ben", "/@ben.atom", "/tags/harbour.atom", "/search?q=harbour", "/sitemap.xml"} {
				m.get(list).lacks(path, "For friends")
			}
			for _, u := range media {
				m.get(u).want(404)
				bare, _, _ := strings.Cut(u, "?")
				m.get(bare).want(404)
			}
			m.get("/photos/1/original")
		}
		nobody.get("/@ben").want(200).has("<b class=\"cam\">0</b>")
		ada.post("/@ben/follow").want(200)
		seen := ada.get(path).want(200).has("For friends")
		for _, u := range seen.media() {
			ada.get(u).want(200)
			nobody.get(u).want(404)
		}
		ben.post("/@ada/remove-follower").want(200)
		ada.misses(path)
		for _, u := range seen.media() {
			ada.misses(u)
		}
	})

	t.Run("a warned photo is shown nowhere before one asks", func(t *testing.T) {
		p := ada.postPhoto(photo, "caption", "Not for everyone #harbour", "warning", "Spiders")
		id := p.url.Path[strings.LastIndexByte(p.url.Path, '/')+1:]
		shown := nobody.get(p.url.Path + "?show=" + id).want(200).media()
		if len(shown) == 0 {
			t.Fatal("nothing is shown to a reader who asks")
		}
		random := path.Base(path.Dir(shown[0]))
		for _, page := range []string{p.url.Path, p.url.Path + "/1", "/", "/explore", "/tags/harbour", "/@ada", "/@ada.atom", "/tags/harbour.atom"} {
			nobody.get(page).lacks(random)
			ben.get(page).lacks(random)
		}
	})

	t.Run("blocked", func(t *testing.T) {
		ada.post("/@ben/block").want(200)
		ben.misses(postPath)
		ben.misses("/@ada")
		ben.loses("/explore", postPath)
		ben.loses("/", postPath)
		ben.loses("/search?q=ada", `href="/@ada"`)
		ada.get("/search?q=ben").want(200)
		ada.post("/@ben/unblock").want(200)
		ben.sees(postPath)
	})

	t.Run("deleted", func(t *testing.T) {
		media := nobody.get(postPath).media()
		id := postPath[strings.LastIndexByte(postPath, '/')+1:]
		ben.post("/posts/" + id + "/delete").want(http.StatusForbidden)
		ada.post("/posts/" + id + "/delete").want(200)
		for _, m := range []*member{ada, ben, nobody} {
			m.misses(postPath)
			m.loses("/@ada", postPath)
		}
		eventually(t, "the files are gone", func() bool {
			for _, u := range media {
				if nobody.get(u).status != 404 {
					return false
				}
			}
			return true
		})
	})
}

// Nothing entered is lost: a refused form comes back with its values, and one bad file leaves the others alone.
func nothingEnteredIsLost(t *testing.T, site stage) {
	m := site.join(t, "cora")
	good := phototest.JPEG(phototest.Options{Width: 300, Height: 200})

	t.Run("a bad file", func(t *testing.T) {
		kind, body := multipartOf(t, map[string]string{"caption": "Words stay", "visibility": "public", "licence": "cc-by-4.0"},
			map[string][]byte{"good.jpg": good, "notes.jpg": []byte("not a photograph at all")})
		m.do(m.request(http.MethodPost, "/compose/photos", kind, body))
		p := m.get("/compose").want(200).has("good.jpg", "notes.jpg", "Words stay", "Ready")
		p.lacks("Something broke")
	})
	t.Run("too long a caption", func(t *testing.T) {
		long := strings.Repeat("word ", 1200)
		p := m.publish("caption", long).want(http.StatusUnprocessableEntity)
		p.has("good.jpg", strings.TrimSpace(long)[:200])
		m.publish("caption", "Short").want(200).has("Short")
		m.get("/compose").want(200).lacks("notes.jpg") // refused, read and left out
	})
	t.Run("sent twice", func(t *testing.T) {
		if u, err := m.upload("x.jpg", good); err != nil || u.State != "ready" {
			t.Fatal(u, err)
		}
		key := keyField.FindStringSubmatch(m.get("/compose").body)[1]
		send := func() page {
			return m.post("/compose", "idempotency_key", key, "caption", "Once", "visibility", "public", "licence", "all-rights-reserved").want(200)
		}
		if a, b := send(), send(); a.url.Path != b.url.Path {
			t.Errorf("a form sent twice made %s and %s", a.url.Path, b.url.Path)
		}
	})
	t.Run("logged out in between", func(t *testing.T) {
		if u, err := m.upload("y.jpg", good); err != nil || u.State != "ready" {
			t.Fatal(u, err)
		}
		key := keyField.FindStringSubmatch(m.get("/compose").body)[1]
		m.post("/logout").want(200)
		p := m.post("/compose", "idempotency_key", key, "caption", "Typed for an hour", "visibility", "public", "licence", "all-rights-reserved")
		p.has("Typed for an hour", `name="password"`)
		fields := hidden(p)
		p = m.post("/login", append(fields, "name", "cora", "password", password)...).want(200).has("Typed for an hour")
		p = m.post("/compose", hidden(p)...).want(200)
		p.has("Typed for an hour")
		if !strings.HasPrefix(p.url.Path, "/@cora/") {
			t.Errorf("ended at %s", p.url)
		}
	})
	t.Run("sign-up", func(t *testing.T) {
		v := site.visitor(t)
		v.post("/signup", "name", "cora", "email", "someone@example.org", "password", password, "agree", "on").
			want(http.StatusUnprocessableEntity).has(`value="cora"`, `value="someone@example.org"`).lacks(password)
	})
}

// Another person's ids are nobody else's business.
func othersIDs(t *testing.T, site stage) {
	ada, ben := site.join(t, "olga"), site.join(t, "omar")
	u, err := ada.upload("a.jpg", phototest.JPEG(phototest.Options{Width: 300, Height: 200}))
	if err != nil {
		t.Fatal(err)
	}
	ben.post("/compose/photos/" + u.ID + "/remove").want(404)
	ben.post("/compose/photos/"+u.ID, "description", "mine now").want(404)
	ben.get("/photos/" + u.ID + "/original").want(404)
	ada.get("/photos/" + u.ID + "/original").want(200)
	for _, path := range []string{"/posts/0/like", "/posts/-1/like", "/posts/x/like", "/posts/9223372036854775807/like", "/posts/99999999999999999999/like"} {
		ben.post(path).want(404)
	}
	for _, path := range []string{"/@olga/0", "/@olga/x", "/@nobody", "/@", "/tags/", "/admin/reports", "/@olga/1/1", "/media/orig/00112233445566778899aabbccddeeff", "/media/pub/../../secret.key/320.jpg"} {
		if p := ben.get(path); p.status != 404 {
			t.Errorf("%s answered %d", path, p.status)
		}
	}
}

// A site for members only gives visitors nothing.
func TestMembersOnly(t *testing.T) {
	site := start(t, "VISITORS=none", "REGISTRATION=open")
	ada := join(t, site.URL, "ada")
	p := ada.postPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Family only")
	v := visitor(t, site.URL)
	for _, path := range []string{"/", "/explore", "/@ada", "/@ada.atom", p.url.Path, p.url.Path + "/1", "/tags/x", "/search?q=ada", "/sitemap.xml", "/about", "/@ada/followers", "/posts/1",
		"/api/v1/timelines/public", "/api/v1/accounts/lookup?acct=ada", "/api/v1/instance"} {
		v.get(path).lacks("Family only", "/media/", `href="/@ada`, `"status_count":1`, `"user_count":1`)
	}
	for _, u := range p.media() {
		v.get(u).want(404)
		ada.get(u).want(200)
	}
}

// Writes from other sites are refused, whatever cookies come along.
func crossOrigin(t *testing.T, site stage) {
	ada := site.join(t, "xena")
	req := ada.request(http.MethodPost, "/logout", "application/x-www-form-urlencoded", strings.NewReader(""))
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	ada.do(req).want(http.StatusForbidden)
	ada.get("/settings").want(200)
	// The API knows no cookies.
	ada.get("/api/v1/accounts/verify_credentials").want(http.StatusUnauthorized)
}
