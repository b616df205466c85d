package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// What counts to the photographs that wait is seen on /compose, and removed there. Pictures of a profile that was not saved do
// not wait.
func TestPhotosThatWaitAreOnCompose(t *testing.T) {
	_, front := siteWithFront(t)
	mia := front.join("mia")
	app := asApp(mia)
	waiting := func() string { return strings.TrimSpace(app.Get("/api/v1/media").Want(http.StatusOK).Body) }
	mia.Get("/compose").Want(http.StatusOK).Lacks("Uploaded elsewhere")
	id := app.Do(servertest.File("/api/v2/media", "file", front.photo())).Want(http.StatusOK).ID()
	mia.Get("/compose").Want(http.StatusOK).Has("Uploaded elsewhere", "/compose/photos/"+id+"/remove")
	mia.Post("/compose/photos/" + id + "/remove").Want(http.StatusOK).Lacks("Uploaded elsewhere")
	if list := waiting(); list != "[]" {
		t.Errorf("after it was removed: %s", list)
	}
	for name, parts := range map[string][]servertest.Part{
		"a bio that is too long": {{Field: "avatar", File: "a.jpg", Data: front.photo()}, {Field: "header", File: "b.jpg", Data: front.photo()}, {Field: "bio", Data: []byte(strings.Repeat("x", 10_000))}},
		"a broken header":        {{Field: "avatar", File: "a.jpg", Data: front.photo()}, {Field: "header", File: "b.jpg", Data: []byte("no picture")}},
	} {
		mia.Do(servertest.Multipart("/settings/profile", parts...)).Want(http.StatusUnprocessableEntity)
		if list := waiting(); list != "[]" {
			t.Errorf("%s leaves behind %s", name, list)
		}
	}
}

// What the form does not show is not posted: a photograph that was removed before its upload was answered, or a second copy of one
// whose answer was lost. It stays in the draft.
func TestOnlyThePhotographsOfTheFormArePosted(t *testing.T) {
	_, front := siteWithFront(t)
	mia := front.join("mia")
	app := asApp(mia)
	var ids []string
	for range 3 {
		u, err := mia.Upload("a.jpg", front.photo())
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	page := mia.Get("/compose").Want(http.StatusOK)
	for _, id := range ids {
		page.Has(`<input type="hidden" name="photo" value="` + id + `"`)
	}
	mia.Do(servertest.Values("/compose", url.Values{
		"idempotency_key": {page.Key()}, "visibility": {"public"}, "licence": {"all-rights-reserved"}, "caption": {"Two of three"}, "photo": {ids[0], ids[2], "new-7"},
	})).Want(http.StatusOK).Has("Two of three")
	var posts []struct {
		Media []struct{ ID string } `json:"media_attachments"`
	}
	app.Get("/api/v1/timelines/home").Want(http.StatusOK).Into(&posts)
	if len(posts) != 1 || len(posts[0].Media) != 2 || posts[0].Media[0].ID != ids[0] || posts[0].Media[1].ID != ids[2] {
		t.Errorf("posted %+v of %v", posts, ids)
	}
	mia.Get("/compose").Want(http.StatusOK).Has(`data-id="`+ids[1]+`"`).Lacks(ids[0], ids[2])
	mia.Publish("caption", "Without a list").Has("Without a list")
	mia.Get("/compose").Want(http.StatusOK).Lacks(ids[1])
}
