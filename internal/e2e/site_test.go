package e2e

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A day on the site without scripts: what each person sees, and what they must not.
func day(t *testing.T, site stage) {
	ada, ben := site.join(t, "ada"), site.join(t, "ben")
	nobody := site.visitor(t)

	photo := phototest.JPEG(phototest.Options{Width: 900, Height: 600, Orientation: 6, GPS: true, Model: "X100", Make: "Fuji"})
	post := ada.PublishPhoto(photo, "caption", "Fog over the #harbour, says @ben")
	postPath := post.URL.Path
	post.Has("Fog over the", `href="`+site.URL+`/tags/harbour"`, `href="`+site.URL+`/@ben"`)

	t.Run("everybody sees a public post", func(t *testing.T) {
		for _, m := range []*servertest.Client{ada, ben, nobody} {
			m.Get(postPath).Want(200).Has("Fog over the")
			m.Sees("/explore", postPath)
			m.Sees("/tags/harbour", postPath)
			m.Sees("/@ada", postPath)
			m.Sees("/@ada.atom", "Fog over the")
			m.Sees("/tags/harbour.atom", "Fog over the")
		}
		nobody.Sees("/sitemap.xml", postPath)
		nobody.Sees("/", postPath)
	})

	t.Run("variants hold no trace of the place", func(t *testing.T) {
		urls := nobody.Get(postPath).Photos()
		if len(urls) < 3 {
			t.Fatalf("only %d addresses of photos on the page", len(urls))
		}
		for _, u := range urls {
			p := nobody.Get(u).Want(200)
			if got := p.Header.Get("Content-Type"); got != "image/jpeg" {
				t.Errorf("%s is %s", u, got)
			}
			if got := p.Header.Get("Cache-Control"); !strings.Contains(got, "max-age=31536000") || !strings.Contains(got, "immutable") {
				t.Errorf("%s has Cache-Control %q", u, got)
			}
			for _, mark := range phototest.GPSMarks() {
				if strings.Contains(p.Body, string(mark)) {
					t.Errorf("%s still says where it was taken", u)
				}
			}
		}
	})

	t.Run("feeds, likes, comments, notifications", func(t *testing.T) {
		// The author may be among the people to follow; the feed has nothing.
		ben.Get("/").Want(200).Lacks(`id="p-` + path.Base(postPath) + `"`)
		ben.Post("/@ada/follow").Want(200)
		ben.Get("/").Want(200).Has(postPath)
		id := postPath[strings.LastIndexByte(postPath, '/')+1:]
		ben.Post("/posts/"+id+"/like", "return", postPath).Want(200)
		ben.Post("/posts/"+id+"/comments", "text", "How cold was it?", "idempotency_key", "k1").Want(200).Has("How cold was it?")
		again := ben.Post("/posts/"+id+"/comments", "text", "How cold was it?", "idempotency_key", "k1").Want(200)
		if n := strings.Count(again.Text(), "How cold was it?"); n != 1 {
			t.Errorf("a comment sent twice is there %d times", n)
		}
		ada.Sees("/notifications", "ben", "How cold was it?")
		ben.Sees("/notifications", "ada") // was mentioned
	})

	t.Run("search", func(t *testing.T) {
		nobody.Sees("/search?q=harbour", postPath, "<h2>Photographs</h2>")
		ben.Get("/search?" + url.Values{"q": {"from:ada tag:harbour"}}.Encode()).Want(200).Has(postPath)
		// What somebody was sent, an address or a name with the host, is found as well.
		sent := func(text string) string { return "/search?" + url.Values{"q": {text}}.Encode() }
		scheme, host, _ := strings.Cut(site.URL, "://")
		name, port, _ := strings.Cut(host, ":")
		for _, spelling := range []string{site.URL, host, strings.ToUpper(scheme) + "://" + strings.ToUpper(name) + ".:" + port} {
			if a := nobody.Get(sent(spelling + postPath)).Want(200); a.URL.Path != postPath {
				t.Errorf("%s leads to %s", spelling+postPath, a.URL)
			}
		}
		if a := nobody.Get(sent(site.URL + "/tags/harbour")).Want(200); a.URL.Path != "/tags/harbour" {
			t.Errorf("the address of a tag leads to %s", a.URL)
		}
		nobody.Get(sent("@ada@" + host)).Want(200).Has(`href="/@ada"`)
		nobody.Get(sent("https://elsewhere.example"+postPath)).Want(200).Lacks(`href="`+postPath, `href="/posts/`)
		ben.Get("/search?q=harbour+before%3A2020").Want(200).Lacks("<h2>Photographs</h2>").Has("Nothing here matches", "before:2020")
		ben.Get("/search?q=harbour+before%3Ayesterday").Want(422).Lacks("<h2>Photographs</h2>").Has("harbour before:yesterday", "2026-05-01")
	})

	t.Run("followers only", func(t *testing.T) {
		secret := ben.PublishPhoto(photo, "caption", "For friends #harbour", "visibility", "followers")
		path := secret.URL.Path
		media := secret.Photos()
		if len(media) == 0 {
			t.Fatal("the author sees no photo")
		}
		for _, m := range []*servertest.Client{ada, nobody} {
			m.Get(path).Want(404).Lacks("For friends")
			for _, list := range []string{"/explore", "/tags/harbour", "/@ben", "/@ben.atom", "/tags/harbour.atom", "/search?q=harbour", "/sitemap.xml"} {
				m.Get(list).Lacks(path, "For friends")
			}
			for _, u := range media {
				m.Get(u).Want(404)
				bare, _, _ := strings.Cut(u, "?")
				m.Get(bare).Want(404)
			}
			m.Get("/photos/1/original")
		}
		nobody.Get("/@ben").Want(200).Has("<b class=\"cam\">0</b>")
		ada.Post("/@ben/follow").Want(200)
		seen := ada.Get(path).Want(200).Has("For friends")
		for _, u := range seen.Photos() {
			ada.Get(u).Want(200)
			nobody.Get(u).Want(404)
		}
		ben.Post("/@ada/remove-follower").Want(200)
		ada.Misses(path)
		for _, u := range seen.Photos() {
			ada.Misses(u)
		}
	})

	t.Run("a warned photo is shown nowhere before one asks", func(t *testing.T) {
		p := ada.PublishPhoto(photo, "caption", "Not for everyone #harbour", "warning", "Spiders")
		id := p.URL.Path[strings.LastIndexByte(p.URL.Path, '/')+1:]
		shown := nobody.Get(p.URL.Path + "?show=" + id).Want(200).Photos()
		if len(shown) == 0 {
			t.Fatal("nothing is shown to a reader who asks")
		}
		random := path.Base(path.Dir(shown[0]))
		for _, page := range []string{p.URL.Path, p.URL.Path + "/1", "/", "/explore", "/tags/harbour", "/@ada", "/@ada.atom", "/tags/harbour.atom"} {
			nobody.Get(page).Lacks(random)
			ben.Get(page).Lacks(random)
		}
	})

	t.Run("blocked", func(t *testing.T) {
		ada.Post("/@ben/block").Want(200)
		ben.Misses(postPath)
		ben.Misses("/@ada")
		ben.Loses("/explore", postPath)
		ben.Loses("/", postPath)
		ben.Loses("/search?q=ada", `href="/@ada"`)
		ada.Get("/search?q=ben").Want(200)
		ada.Post("/@ben/unblock").Want(200)
		ben.Sees(postPath)
	})

	t.Run("deleted", func(t *testing.T) {
		media := nobody.Get(postPath).Photos()
		id := postPath[strings.LastIndexByte(postPath, '/')+1:]
		ben.Post("/posts/" + id + "/delete").Want(http.StatusForbidden)
		ada.Post("/posts/" + id + "/delete").Want(200)
		for _, m := range []*servertest.Client{ada, ben, nobody} {
			m.Misses(postPath)
			m.Loses("/@ada", postPath)
		}
		servertest.Eventually(t, "the files are gone", func() bool {
			for _, u := range media {
				if nobody.Get(u).Status != 404 {
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
		m.Do(servertest.Multipart("/compose/photos",
			servertest.Part{Field: "caption", Data: []byte("Words stay")}, servertest.Part{Field: "visibility", Data: []byte("public")}, servertest.Part{Field: "licence", Data: []byte("cc-by-4.0")},
			servertest.Part{Field: "photos", File: "good.jpg", Data: good}, servertest.Part{Field: "photos", File: "notes.jpg", Data: []byte("not a photograph at all")}))
		p := m.Get("/compose").Want(200).Has("good.jpg", "notes.jpg", "Words stay", "Ready")
		p.Lacks("Something broke")
	})
	t.Run("too long a caption", func(t *testing.T) {
		long := strings.Repeat("word ", 1200)
		p := m.Publish("caption", long).Want(http.StatusUnprocessableEntity)
		p.Has("good.jpg", strings.TrimSpace(long)[:200])
		m.Publish("caption", "Short").Want(200).Has("Short")
		m.Get("/compose").Want(200).Lacks("notes.jpg") // refused, read and left out
	})
	t.Run("sent twice", func(t *testing.T) {
		if u, err := m.Upload("x.jpg", good); err != nil || u.State != "ready" {
			t.Fatal(u, err)
		}
		key := m.Get("/compose").Key()
		send := func() servertest.Answer {
			return m.Post("/compose", "idempotency_key", key, "caption", "Once", "visibility", "public", "licence", "all-rights-reserved").Want(200)
		}
		if a, b := send(), send(); a.URL.Path != b.URL.Path {
			t.Errorf("a form sent twice made %s and %s", a.URL.Path, b.URL.Path)
		}
	})
	t.Run("logged out in between", func(t *testing.T) {
		if u, err := m.Upload("y.jpg", good); err != nil || u.State != "ready" {
			t.Fatal(u, err)
		}
		key := m.Get("/compose").Key()
		m.Post("/logout").Want(200)
		p := m.Post("/compose", "idempotency_key", key, "caption", "Typed for an hour", "visibility", "public", "licence", "all-rights-reserved")
		p.Has("Typed for an hour", `name="password"`)
		fields := p.Hidden()
		p = m.Post("/login", append(fields, "name", "cora", "password", password)...).Want(200).Has("Typed for an hour")
		p = m.Post("/compose", p.Hidden()...).Want(200)
		p.Has("Typed for an hour")
		if !strings.HasPrefix(p.URL.Path, "/@cora/") {
			t.Errorf("ended at %s", p.URL)
		}
	})
	t.Run("sign-up", func(t *testing.T) {
		v := site.visitor(t)
		v.Post("/signup", "name", "cora", "email", "someone@example.org", "password", password, "agree", "on").
			Want(http.StatusUnprocessableEntity).Has(`value="cora"`, `value="someone@example.org"`).Lacks(password)
	})
}

// Another person's ids are nobody else's business.
func othersIDs(t *testing.T, site stage) {
	ada, ben := site.join(t, "olga"), site.join(t, "omar")
	u, err := ada.Upload("a.jpg", phototest.JPEG(phototest.Options{Width: 300, Height: 200}))
	if err != nil {
		t.Fatal(err)
	}
	ben.Post("/compose/photos/" + u.ID + "/remove").Want(404)
	ben.Post("/compose/photos/"+u.ID, "description", "mine now").Want(404)
	ben.Get("/photos/" + u.ID + "/original").Want(404)
	ada.Get("/photos/" + u.ID + "/original").Want(200)
	for _, path := range []string{"/posts/0/like", "/posts/-1/like", "/posts/x/like", "/posts/9223372036854775807/like", "/posts/99999999999999999999/like"} {
		ben.Post(path).Want(404)
	}
	for _, path := range []string{"/@olga/0", "/@olga/x", "/@nobody", "/@", "/tags/", "/admin/reports", "/@olga/1/1", "/media/orig/00112233445566778899aabbccddeeff", "/media/pub/../../secret.key/320.jpg"} {
		if p := ben.Get(path); p.Status != 404 {
			t.Errorf("%s answered %d", path, p.Status)
		}
	}
}

// A site for members only gives visitors nothing.
func TestMembersOnly(t *testing.T) {
	site := start(t, "VISITORS=none", "REGISTRATION=open")
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	p := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Family only")
	v := servertest.NewClient(t, site.URL)
	for _, path := range []string{"/", "/explore", "/@ada", "/@ada.atom", p.URL.Path, p.URL.Path + "/1", "/tags/x", "/search?q=ada", "/sitemap.xml", "/about", "/@ada/followers", "/posts/1",
		"/api/v1/timelines/public", "/api/v1/accounts/lookup?acct=ada", "/api/v1/instance"} {
		v.Get(path).Lacks("Family only", "/media/", `href="/@ada`, `"status_count":1`, `"user_count":1`)
	}
	for _, u := range p.Photos() {
		v.Get(u).Want(404)
		ada.Get(u).Want(200)
	}
}

// Writes from other sites are refused, whatever cookies come along.
func crossOrigin(t *testing.T, site stage) {
	ada := site.join(t, "xena")
	ada.Do(servertest.Form("/logout").With("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")).Want(http.StatusForbidden)
	ada.Get("/settings").Want(200)
	// The API knows no cookies.
	ada.Get("/api/v1/accounts/verify_credentials").Want(http.StatusUnauthorized)
}
