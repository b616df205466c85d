package e2e

import (
	"net/http"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A new post's photographs go into the album that its form names: an own one, or one to which every member adds.
func TestComposeIntoAnAlbum(t *testing.T) {
	site := start(t)
	seed := int64(500)
	upload := func(c *servertest.Client) string {
		t.Helper()
		seed++
		u, err := c.Upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: seed}))
		if err != nil || u.State != "ready" {
			t.Fatalf("upload: %+v, %v", u, err)
		}
		return u.ID
	}
	ada, ben := servertest.NewClient(t, site.URL).SignUp("ada"), servertest.NewClient(t, site.URL).SignUp("ben")
	bens := upload(ben)
	ben.Get("/compose").Want(http.StatusOK).Lacks(`name="album"`) // there is none to choose
	own, shared := newAlbum(ada, "Adas own"), newAlbum(ada, "Everybodys", "adders", "members")
	id := func(path string) string { return path[strings.LastIndex(path, "/")+1:] }

	// The form of one who may add to the shared one alone offers no other, and a forged choice is refused with what was typed.
	ben.Get("/compose").Want(http.StatusOK).Has(`name="album"`, "Everybodys (by ada)").Lacks("Adas own")
	refused := ben.Publish("caption", "Bens words", "album", id(own))
	refused.Want(http.StatusUnprocessableEntity).Has("Choose an album you may add to", "Bens words")
	ben.Publish("caption", "Bens words", "album", id(shared)).Want(http.StatusOK)
	ada.Get(shared).Want(http.StatusOK).Has("1 photograph", "/photos/"+bens)

	// The choice stays with the draft, through the buttons of a page without scripts, until the post is made.
	first, second := upload(ada), upload(ada)
	ada.Post("/compose/order", "caption", "Two of them", "album", id(own), "visibility", "public", "move", second+":-1").Want(http.StatusOK)
	chosen := `value="` + id(own) + `" selected`
	form := ada.Get("/compose").Want(http.StatusOK).Has(chosen, "Two of them")
	pairs := []string{"idempotency_key", form.Key(), "caption", "Two of them", "visibility", "public", "licence", "all-rights-reserved", "album", id(own), "each", "on"}
	ada.Post("/compose", pairs...).Want(http.StatusOK)
	page := ada.Get(own).Want(http.StatusOK).Has("2 photographs")
	if a, b := strings.Index(page.Body, "/photos/"+second), strings.Index(page.Body, "/photos/"+first); a < 0 || b < a {
		t.Errorf("the photographs are at %d and %d, want them in the order of the form", a, b)
	}
	ada.Post("/compose", pairs...).Want(http.StatusOK) // the same form again
	ada.Get(own).Want(http.StatusOK).Has("2 photographs")
	upload(ada)
	ada.Get("/compose").Want(http.StatusOK).Lacks(chosen)
}
