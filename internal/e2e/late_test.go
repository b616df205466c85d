package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// behind plays a scenario while the replicas, where the rung has some, apply everything a second late. Whoever does
// something sees it at once all the same, whichever instance answers.
func behind(play func(*testing.T, stage)) func(*testing.T, stage) {
	return func(t *testing.T, site stage) {
		if site.Rung.Replicas > 0 {
			replicas := site.Database.Replicas
			site.Database.DelayBy(t, 1, replicas...)
			t.Cleanup(func() {
				for _, m := range replicas {
					m.Delay(t, 0)
				}
				site.Database.CatchUp(t)
			})
		}
		play(t, site)
	}
}

// A search finds what its words say now: for the author at once, for others as soon as they see the post, and for nobody
// what they may not see.
func searching(t *testing.T, site stage) {
	sia, sol, nobody := site.join(t, "sia"), site.join(t, "sol"), site.visitor(t)
	found := func(query string) string { return "/search?" + url.Values{"q": {query}}.Encode() }
	const results = "<h2>Photographs</h2>" // a page without any shows what is new instead
	photo := func(seed int64) []byte {
		return phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: seed, Make: "NIKON", Model: "D3100"})
	}
	u, err := sia.Upload("photo.jpg", photo(301))
	if err != nil {
		t.Fatal(err)
	}
	post := sia.Publish("caption", "Brume sur le café #siaslake 東京の夜", "description-"+u.ID, "A siaskettle on the stove", "show_exif", "on").Want(http.StatusOK)
	path, edit := post.URL.Path, "/posts/"+postID(post)+"/edit"
	secret := sia.PublishPhoto(photo(302), "caption", "A siasecret by the water", "visibility", "followers").URL.Path
	for query, want := range map[string]string{
		"from:sia brume": "<mark>Brume</mark>", "CAFE from:sia": "<mark>café</mark>", "from:sia 東京": "<mark>東京</mark>の夜", "siasket": "<mark>siaskettle</mark>",
		"tag:siaslake": path, "from:sia camera:d3100": path, "from:sia before:2100": path,
	} {
		sia.Get(found(query)).Want(http.StatusOK).Has(want, path)
		sol.Sees(found(query), want, path)
		nobody.Sees(found(query), path)
	}
	for _, query := range []string{"from:sia before:2020", "from:sia camera:x100", "from:sia siaskettle brume nowhere", "tag:siaskettle"} {
		for _, m := range []*servertest.Client{sia, sol, nobody} {
			m.Get(found(query)).Want(http.StatusOK).Lacks(results).Has("Nothing here matches")
		}
	}
	sia.Get(found("siasecret")).Want(http.StatusOK).Has(secret)
	sol.Get(found("siasecret")).Want(http.StatusOK).Lacks(secret, "by the water")
	nobody.Get(found("siasecret")).Want(http.StatusOK).Lacks(secret, "by the water")
	sol.Post("/@sia/follow").Want(http.StatusOK)
	sol.Sees(found("siasecret"), secret)

	sia.Post(edit, "caption", "Mist over the siaspond", "visibility", "public", "licence", "all-rights-reserved").Want(http.StatusOK)
	sia.Get(found("siaspond")).Want(http.StatusOK).Has(path)
	sia.Get(found("from:sia brume")).Want(http.StatusOK).Lacks(results)
	for _, m := range []*servertest.Client{sol, nobody} {
		m.Sees(found("siaspond"), path)
		m.Loses(found("from:sia brume"), results).Want(http.StatusOK)
		m.Loses(found("tag:siaslake"), results).Want(http.StatusOK)
	}
	sia.Post("/posts/" + postID(post) + "/delete").Want(http.StatusOK)
	sia.Get(found("siaspond")).Want(http.StatusOK).Lacks(path)
	sol.Loses(found("siaspond"), path).Want(http.StatusOK)
	nobody.Loses(found("siaspond"), path).Want(http.StatusOK)

	sol.Sees(found("@sia"), `href="/@sia"`)
	sia.Post("/@sol/block").Want(http.StatusOK)
	sol.Loses(found("siasecret"), secret).Want(http.StatusOK)
	sol.Loses(found("from:sia water"), secret).Want(http.StatusOK)
}

// The directory has everybody who wants to be found, and follows what they choose. Somebody new is shown whom to follow.
func directory(t *testing.T, site stage) {
	dan, dot := site.join(t, "dan"), site.join(t, "dot")
	nobody := site.visitor(t)
	profile := func(c *servertest.Client, discoverable string) {
		t.Helper()
		c.Do(servertest.Multipart("/settings/profile", servertest.Part{Field: "display_name", Data: []byte("Somebody")}, servertest.Part{Field: "discoverable", Data: []byte(discoverable)})).Want(http.StatusOK)
	}
	profile(dan, "on")
	inFeed := `id="p-` + postID(dan.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: 311}), "caption", "Dan was here")) + `"`
	dan.Get("/people").Want(http.StatusOK).Has("/@dan\"")
	dot.Sees("/people", "/@dan")
	nobody.Sees("/people", "/@dan").Lacks("/follow\"")
	dot.Sees("/people/new", "/@dan", "/@dot")
	app := dot.WithToken(dot.NewToken())
	app.Sees("/api/v1/directory?order=active&local=true&limit=80", `"acct":"dan"`)

	dana := site.join(t, "dana")
	dana.Sees("/", "People to follow", `action="/@dan/follow"`).Lacks(inFeed)
	dana.Post("/@dan/follow", "return", "/").Want(http.StatusOK).Has(inFeed, "Dan was here")
	dana.Get("/").Want(http.StatusOK).Has(inFeed).Lacks(`action="/@dan/follow"`)

	profile(dan, "off")
	dot.Loses("/people", "/@dan\"").Want(http.StatusOK)
	nobody.Loses("/people", "/@dan\"").Want(http.StatusOK)
	app.Loses("/api/v1/directory?order=active&local=true&limit=80", `"acct":"dan"`).Want(http.StatusOK)
	profile(dan, "on")
	dot.Sees("/people", "/@dan\"")
}

// Without scripts, a post can be edited whole: photographs are added, moved and taken out, and nothing of it is seen by
// others before it is saved.
func editingPhotographs(t *testing.T, site stage) {
	eda, eli := site.join(t, "eda"), site.join(t, "eli")
	eda.Do(servertest.Multipart("/compose/photos", photoParts("one.jpg", "two.jpg")...)).Want(http.StatusOK)
	post := eda.Publish("caption", "Two of them").Want(http.StatusOK)
	id := postID(post)
	edit := "/posts/" + id + "/edit"

	was := photosOf(eda.Get(edit).Want(http.StatusOK))
	if len(was) != 2 {
		t.Fatalf("the form has the photos %v", was)
	}
	words := []servertest.Part{
		{Field: "caption", Data: []byte("Three of them")}, {Field: "visibility", Data: []byte("public")}, {Field: "licence", Data: []byte("cc0-1.0")},
		{Field: "photo", Data: []byte(was[0])}, {Field: "photo", Data: []byte(was[1])}, {Field: "description-" + was[1], Data: []byte("The second")},
	}
	added := eda.Do(servertest.Multipart("/posts/"+id+"/photos", append(words, photoParts("three.jpg")...)...)).Want(http.StatusOK).
		Has("Three of them", "The second", "three.jpg")
	now := photosOf(added)
	if len(now) != 3 || now[0] != was[0] || now[1] != was[1] {
		t.Fatalf("after one was added the form has %v", now)
	}
	eda.Get("/compose").Want(http.StatusOK).Lacks(`id="d-` + now[2] + `"`)
	eda.Get(post.URL.Path).Has("Two of them").Lacks("Three of them")
	eli.Sees(post.URL.Path, "Two of them").Lacks("Three of them", now[2])

	send := func(pairs ...string) servertest.Answer {
		form := url.Values{"caption": {"Three of them"}, "visibility": {"public"}, "licence": {"cc0-1.0"}, "photo": append([]string{""}, now...)}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return eda.Do(servertest.Values(edit, form))
	}
	now = photosOf(send("move", now[2]+":-1").Want(http.StatusOK).Has("Three of them"))
	if len(now) != 3 || now[0] != was[0] || now[2] != was[1] {
		t.Fatalf("after a move the form has %v", now)
	}
	now = photosOf(send("drop", was[0]).Want(http.StatusOK))
	if len(now) != 2 {
		t.Fatalf("after one was taken out the form has %v", now)
	}
	saved := send("description-"+was[1], "The second").Want(http.StatusOK).Has("Three of them", "The second")
	if postID(saved) != id {
		t.Errorf("ended at %s", saved.URL)
	}
	if got := photosOf(eda.Get(edit)); !slices.Equal(got, []string{now[0], was[1]}) {
		t.Errorf("the post has %v, want %v", got, now)
	}
	eli.Sees(post.URL.Path, "Three of them", "The second").Lacks("Two of them")
	site.visitor(t).Sees(post.URL.Path, "Three of them", "The second").Lacks("Two of them")
	now = nil
	send().Want(http.StatusUnprocessableEntity).Has("A post needs a photo.", "Three of them")
	eli.Do(servertest.Multipart("/posts/"+id+"/photos", photoParts("mine.jpg")...)).Want(http.StatusForbidden)
}
