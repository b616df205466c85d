package app

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/servertest"
)

// A photo that is tried again while a post is edited leaves the edit as it was entered, and the draft of the next post alone.
func TestRetryInAnEditKeepsEditAndDraft(t *testing.T) {
	site, front := siteWithFront(t)
	mia := front.join("mia")
	post := mia.PublishPhoto(front.photo(), "caption", "A bridge")
	edit := "/posts/" + post.URL.Path[len("/@mia/"):]
	draft := func() servertest.Answer {
		return mia.Get("/compose").Want(http.StatusOK).Has("My next post</textarea>")
	}
	mia.Post("/compose/order", "caption", "My next post", "visibility", "public", "licence", "all-rights-reserved", "move", "").Want(http.StatusOK)
	draft()
	fields := []string{"caption", "A bridge, edited", "visibility", "followers", "licence", "all-rights-reserved"}
	parts := []servertest.Part{{Field: "photos", File: "more.jpg", Data: front.photo()}}
	for i := 0; i < len(fields); i += 2 {
		parts = append(parts, servertest.Part{Field: fields[i], Data: []byte(fields[i+1])})
	}
	added := mia.Do(servertest.Multipart(edit+"/photos", parts...)).Want(http.StatusOK)
	ids := regexp.MustCompile(`name="photo" value="([0-9]+)"`).FindAllStringSubmatch(added.Body, -1)
	if len(ids) != 2 {
		t.Fatalf("%d photos:\n%s", len(ids), added.Text())
	}
	more := ids[1][1]
	c, closeAll, err := openCommunity(t.Context(), site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	fail := func() {
		t.Helper()
		if _, err := c.Store.SQL().ExecContext(t.Context(), "UPDATE photos SET state = 'refused', refusal_code = ? WHERE id = "+more, community.RefusalFailed); err != nil {
			t.Fatal(err)
		}
	}
	fail()
	withBoth := append(fields, "photo", more)
	failed := mia.Post(edit+"/edit", append(withBoth, "move", more+":1")...).Want(http.StatusOK)
	retry := regexp.MustCompile(`formaction="([^"]+)" formnovalidate name="retry" value="([0-9]+)"`).FindStringSubmatch(failed.Body)
	if retry == nil || retry[1] != edit+"/edit" || retry[2] != more {
		t.Fatalf("the button is %q:\n%s", retry, failed.Text())
	}
	mia.Post(retry[1], append(withBoth, "retry", more)...).Want(http.StatusOK).
		Has("A bridge, edited</textarea>", `name="photo" value="`+more+`"`, `value="followers" checked`).Lacks(`name="retry"`)
	draft()
	mia.Post(retry[1], append(withBoth, "retry", more)...).Want(http.StatusUnprocessableEntity).Has("A bridge, edited</textarea>", "Trying again would not change anything")
	mia.Post(edit+"/edit", withBoth...).Want(http.StatusOK).Has("A bridge, edited")
	draft()
}

// A version from before a photograph was taken out says how many it had, and shows nothing of the one that is gone.
func TestVersionsSayHowManyPhotographsTheyHad(t *testing.T) {
	_, front := siteWithFront(t)
	mia := front.join("mia")
	app := asApp(mia)
	var media []string
	for _, words := range []string{"A bridge", "A mistake"} {
		media = append(media, app.Do(servertest.Multipart("/api/v2/media", servertest.Part{Field: "file", File: "photo.jpg", Data: front.photo()}, servertest.Part{Field: "description", Data: []byte(words)})).Want(http.StatusOK).ID())
	}
	var post servertest.Status
	app.Do(servertest.Values("/api/v1/statuses", url.Values{"status": {"Two"}, "media_ids[]": media})).Into(&post)
	app.Do(servertest.Form("/api/v1/statuses/"+post.ID, "status", "Two", "media_ids[]", media[0]).As(http.MethodPut)).Want(http.StatusOK)
	page := front.visitor().Get("/posts/"+post.ID+"/history").Want(http.StatusOK).Has("2 photographs", "1 photograph", "A bridge").Lacks("A mistake")
	if strings.Index(page.Text(), "1 photograph") > strings.Index(page.Text(), "2 photographs") {
		t.Errorf("the newest version is not first: %s", page.Text())
	}
}
