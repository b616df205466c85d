package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

var photoField = regexp.MustCompile(`name="photo" value="(\d+)"`)

// photosOf returns the ids in an edit's form, in their order.
func photosOf(a servertest.Answer) []string {
	var ids []string
	for _, m := range photoField.FindAllStringSubmatch(a.Body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func photoParts(names ...string) []servertest.Part {
	var parts []servertest.Part
	for i, name := range names {
		parts = append(parts, servertest.Part{Field: "photos", File: name, Data: phototest.JPEG(phototest.Options{Width: 300 + 20*i, Height: 200, Seed: int64(40 + i)})})
	}
	return parts
}

// Without scripts, a post can be edited whole: photographs are added, moved and taken out, and nothing of it is seen by
// others before it is saved.
func TestEditingChangesPhotographs(t *testing.T) {
	site := start(t)
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	m.Do(servertest.Multipart("/compose/photos", photoParts("one.jpg", "two.jpg")...)).Want(http.StatusOK)
	post := m.Publish("caption", "Two of them").Want(http.StatusOK)
	id := post.URL.Path[strings.LastIndex(post.URL.Path, "/")+1:]
	edit := "/posts/" + id + "/edit"

	was := photosOf(m.Get(edit).Want(http.StatusOK))
	if len(was) != 2 {
		t.Fatalf("the form has the photos %v", was)
	}
	words := []servertest.Part{
		{Field: "caption", Data: []byte("Three of them")}, {Field: "visibility", Data: []byte("public")}, {Field: "licence", Data: []byte("cc0-1.0")},
		{Field: "photo", Data: []byte(was[0])}, {Field: "photo", Data: []byte(was[1])}, {Field: "description-" + was[1], Data: []byte("The second")},
	}
	added := m.Do(servertest.Multipart("/posts/"+id+"/photos", append(words, photoParts("three.jpg")...)...)).Want(http.StatusOK).
		Has("Three of them", "The second", "three.jpg")
	now := photosOf(added)
	if len(now) != 3 || now[0] != was[0] || now[1] != was[1] {
		t.Fatalf("after one was added the form has %v", now)
	}
	m.Get("/compose").Want(http.StatusOK).Lacks(`id="d-` + now[2] + `"`)
	m.Get(post.URL.Path).Has("Two of them").Lacks("Three of them")

	send := func(pairs ...string) servertest.Answer {
		form := url.Values{"caption": {"Three of them"}, "visibility": {"public"}, "licence": {"cc0-1.0"}, "photo": append([]string{""}, now...)}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return m.Do(servertest.Values(edit, form))
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
	if !strings.HasSuffix(saved.URL.Path, "/"+id) {
		t.Errorf("ended at %s", saved.URL)
	}
	if got := photosOf(m.Get(edit)); len(got) != 2 || got[0] != now[0] || got[1] != was[1] {
		t.Errorf("the post has %v, want %v", got, now)
	}
	now = nil
	send().Want(http.StatusUnprocessableEntity).Has("A post needs a photo.", "Three of them")
	other := servertest.NewClient(t, site.URL).SignUp("ben")
	other.Do(servertest.Multipart("/posts/"+id+"/photos", photoParts("mine.jpg")...)).Want(http.StatusForbidden)
}

// A draft of several photographs becomes a post each, the first on top, and sent twice it makes them once.
func TestAPostEach(t *testing.T) {
	site := start(t)
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	m.Do(servertest.Multipart("/compose/photos", photoParts("one.jpg", "two.jpg", "three.jpg")...)).Want(http.StatusOK)
	page := m.Get("/compose").Want(http.StatusOK)
	first := regexp.MustCompile(`data-id="(\d+)"`).FindStringSubmatch(page.Body)[1]
	key := page.Key()
	send := func() servertest.Answer {
		return m.Post("/compose", "idempotency_key", key, "caption", "Of a walk", "visibility", "public", "licence", "cc0-1.0", "each", "on",
			"description-"+first, "The first of the walk").Want(http.StatusOK)
	}
	send()
	send()
	profile := m.Get("/@ada").Want(http.StatusOK).Has("<b class=\"cam\">3</b> posts").Lacks("photographs</span>")
	if top := strings.Index(profile.Body, `class="tile`); top < 0 || !strings.Contains(profile.Body[top:top+600], "The first of the walk") {
		t.Error("the first photograph does not stand on top")
	}
	m.Get("/compose").Want(http.StatusOK).Lacks("Of a walk", "two.jpg")
}

// What another application shares with the installed site is in the draft, and words that were typed stay.
func TestShareTarget(t *testing.T) {
	site := start(t)
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	share := func(words, from, origin string) servertest.Request {
		return servertest.Multipart("/compose/share", append([]servertest.Part{{Field: "text", Data: []byte(words)}}, photoParts("shared.jpg")...)...).With("Sec-Fetch-Site", from, "Origin", origin)
	}
	m.Do(share("From the lake", "none", site.URL)).Want(http.StatusOK).Has("From the lake", "shared.jpg")
	m.Do(share("Another time", "none", site.URL)).Want(http.StatusOK).Has("From the lake").Lacks("Another time")
	m.Do(share("By a stranger", "cross-site", "https://elsewhere.example")).Want(http.StatusForbidden)
}
