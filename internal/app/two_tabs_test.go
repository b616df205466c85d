package app

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"tintype/internal/servertest"
)

// Who edits a post in two windows loses no photograph: what the one added stays, though the other does not show it. What was taken out
// there is out.
func TestAPostIsEditedInTwoWindows(t *testing.T) {
	_, front := siteWithFront(t)
	mia := front.join("mia")
	app := asApp(mia)
	upload := func() string {
		t.Helper()
		return app.Do(servertest.File("/api/v2/media", "file", front.photo())).Want(http.StatusOK).ID()
	}
	first, second := upload(), upload()
	var post struct {
		ID    string
		Media []struct{ ID string } `json:"media_attachments"`
	}
	app.Do(servertest.Values("/api/v1/statuses", url.Values{"status": {"A gate"}, "media_ids[]": {first, second}})).Want(http.StatusOK).Into(&post)
	edit := "/posts/" + post.ID + "/edit"
	shown := func() (had string) {
		t.Helper()
		m := regexp.MustCompile(`name="had" value="([0-9,]+)"`).FindStringSubmatch(mia.Get(edit).Want(http.StatusOK).Body)
		if m == nil {
			t.Fatal("the form does not say which photographs the post has")
		}
		return m[1]
	}
	save := func(had, caption string, photos ...string) servertest.Answer {
		t.Helper()
		return mia.Do(servertest.Values(edit, url.Values{
			"had": {had}, "photo": append([]string{""}, photos...), "caption": {caption}, "visibility": {"public"}, "licence": {"all-rights-reserved"}, "comments_from": {"everyone"},
		}))
	}
	has := func(when string, want ...string) {
		t.Helper()
		app.Get("/api/v1/statuses/" + post.ID).Want(http.StatusOK).Into(&post)
		ok := len(post.Media) == len(want)
		for i := 0; ok && i < len(want); i++ {
			ok = post.Media[i].ID == want[i]
		}
		if !ok {
			t.Errorf("%s the post has %+v, want %v", when, post.Media, want)
		}
	}
	one, other := shown(), shown()
	added := upload()
	for range 2 { // a double click is one
		save(one, "A gate", first, second, added).Want(http.StatusOK)
	}
	has("with another photograph", first, second, added)
	save(other, "The gate", second).Want(http.StatusOK).Has("The gate")
	has("after the other window took one out", second, added)
	save(one, "The old gate", first, second, added).Want(http.StatusOK)
	has("after a window that still showed it", second, added)
	save(shown(), "The old gate", second).Want(http.StatusOK)
	has("after one that showed all", second)
}

// Where "a post each" ends with an error in the middle, the album has what was posted, and the form that is sent again adds the others.
func TestAPostEachIntoAnAlbumThatStops(t *testing.T) {
	_, front := siteWithFront(t, "POST_LIMIT=2/1h")
	mia := front.join("mia")
	var ids []string
	for range 3 {
		u, err := mia.Upload("a.jpg", front.photo())
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	album := mia.Post("/albums", "title", "Fog", "visibility", "public", "adders", "owner", "ordering", "hand").Want(http.StatusOK).URL.Path
	id := regexp.MustCompile(`/albums/([0-9]+)`).FindStringSubmatch(album)[1]
	page := mia.Get("/compose").Want(http.StatusOK)
	mia.Do(servertest.Values("/compose", url.Values{
		"idempotency_key": {page.Key()}, "visibility": {"public"}, "licence": {"all-rights-reserved"}, "caption": {"Fog"}, "each": {"on"}, "album": {id}, "photo": ids,
	})).Want(http.StatusTooManyRequests)
	shows := mia.Get("/albums/" + id).Want(http.StatusOK)
	shows.Has("2 photographs", "/photos/"+ids[1], "/photos/"+ids[2]).Lacks("/photos/" + ids[0])
}
