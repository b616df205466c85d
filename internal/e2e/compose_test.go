package e2e

import (
	"fmt"
	"net/http"
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
	heic := []servertest.Part{{Field: "title", Data: []byte("IMG_1")}, {Field: "photos", File: "IMG_1.HEIC", Data: phototest.HEIC()}}
	m.Do(servertest.Multipart("/compose/share", append(heic, photoParts("jpeg.jpg")...)...)).Want(http.StatusOK).Has("IMG_1.HEIC", "On a Samsung, turn off High efficiency pictures", "jpeg.jpg", "From the lake")
	m.Publish("caption", "From the lake").Want(http.StatusOK).Has("From the lake").Lacks("HEIC")
	said := func(name, words string) servertest.Part { return servertest.Part{Field: name, Data: []byte(words)} }
	m.Do(servertest.Multipart("/compose/share", said("title", "A pier"), said("text", "https://elsewhere.example/1"), said("url", "https://elsewhere.example/1"))).
		Want(http.StatusOK).Has("A pier\n\nhttps://elsewhere.example/1</textarea>")
	// More than a post may have: all of them are there, one post is refused with the reason, and a post each is made.
	var many []string
	for n := range 12 {
		many = append(many, fmt.Sprintf("many-%d.jpg", n))
	}
	m.Do(servertest.Multipart("/compose/share", append(photoParts(many...), said("text", "All of the outing"))...)).Want(http.StatusOK).
		Has(many...).Has("A post holds up to 10 photographs. Remove some, or post them one each.", `id="f-photos"`, `type="file"`) // they may become a post each, and more may come
	m.Publish("caption", "All of the outing").Want(http.StatusUnprocessableEntity).Has("A post may have at most 10 photos.", `href="#f-photos"`, `id="f-photos"`).Has(many...)
	m.Publish("caption", "All of the outing", "each", "on").Want(http.StatusOK).Has("Posted.")
	if n := strings.Count(servertest.NewClient(t, site.URL).Get("/@ada.atom").Want(http.StatusOK).Body, "<entry>"); n != 13 { // with the one from before
		t.Errorf("%d posts", n)
	}
	m.Do(share("By a stranger", "cross-site", "https://elsewhere.example")).Want(http.StatusForbidden)
}
