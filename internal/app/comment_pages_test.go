package app

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// The address that the API gives for a comment leads to it on the post's page, in a long thread as well.
func TestTheAddressOfACommentLeadsToIt(t *testing.T) {
	site, front := siteWithFront(t, "POST_LIMIT=1000/1h")
	mia, max := front.join("mia"), front.join("max")
	post := asApp(mia).PostPhoto(front.photo(), "A bridge")
	app := asApp(max)
	comment := func(text string) (s servertest.Status) {
		app.Post("/api/v1/statuses", "status", text, "in_reply_to_id", post.ID).Into(&s)
		return s
	}
	first := comment("What a bridge")
	at := func(address string) string {
		a := max.Get(address).Want(http.StatusOK)
		return a.URL.Path + "?" + a.URL.RawQuery + "#" + a.URL.Fragment
	}
	if got, want := at(first.URL), "/@mia/"+post.ID+"?#c-"+first.ID; got != want {
		t.Errorf("%s leads to %s, want %s", first.URL, got, want)
	}
	if a := front.visitor().Get(first.URL); a.Status != http.StatusOK || !a.Holds("What a bridge") {
		t.Errorf("a visitor is answered %d at %s", a.Status, a.URL)
	}
	max.Get(strings.Replace(first.URL, "@max", "@mia", 1)).Want(http.StatusNotFound)
	var embedded struct {
		Type, Title string
		AuthorName  string `json:"author_name"`
	}
	max.Get("/oembed?url=" + first.URL).Into(&embedded)
	if embedded.Type != "link" || embedded.Title != "What a bridge" || embedded.AuthorName != "max" {
		t.Errorf("it is embedded as %+v", embedded)
	}
	last := first
	for i := range 42 {
		last = comment("And again " + strconv.Itoa(i))
	}
	if a := max.Get(last.URL).Want(http.StatusOK); a.URL.Fragment != "c-"+last.ID || !a.Holds(`id="c-`+last.ID+`"`) {
		t.Errorf("%s leads to %s, where it is not", last.URL, a.URL)
	}
	var found struct{ Statuses []servertest.Status }
	for _, address := range []string{last.URL, site.cfg.Origin() + "/posts/" + last.ID, site.cfg.Origin() + "/posts/" + post.ID + "/"} {
		if app.Get("/api/v2/search?resolve=true&q=" + address).Into(&found); len(found.Statuses) != 1 {
			t.Errorf("the search for %s finds %d", address, len(found.Statuses))
		}
	}
	mia.Post("/posts/" + post.ID + "/delete").Want(http.StatusOK)
	max.Get(first.URL).Want(http.StatusNotFound)
}
