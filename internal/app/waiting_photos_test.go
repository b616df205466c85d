package app

import (
	"net/http"
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
