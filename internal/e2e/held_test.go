package e2e

import (
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A post that waits for a moderator is readable nowhere but by its author and moderators, and tells nobody. Approved it appears
// everywhere, and is told of, as if it had been posted then. A client that posts again under its key makes no second one.
func TestAHeldPostIsReadableNowhere(t *testing.T) {
	site := servertest.NewTintype(t, "REGISTRATION=open", "SIGNUP_LIMIT=100/1h")
	site.Start()
	client := func(name string) *servertest.Client { return servertest.NewClient(t, site.URL).SignUp(name) }
	ada, ben, mod, visitor := client("ada"), client("ben"), client("mia"), servertest.NewClient(t, site.URL)
	ben.Post("/@ada/follow").Want(http.StatusOK)
	command := func(args ...string) string {
		t.Helper()
		out, errs, err := site.Command(args...)
		if err != nil {
			t.Fatal(args, out, errs, err)
		}
		return out
	}
	command("account", "role", "mia", "moderator")
	command("block", "add", "word", "Quietude")
	servertest.Eventually(t, "the word is blocked", func() bool { return strings.Contains(command("block", "list"), "quietude") })
	adasApp, bensApp := ada.WithToken(ada.NewToken()), ben.WithToken(ben.NewToken())
	stream, home := bensApp.Lines("/api/v1/streaming/public"), bensApp.Lines("/api/v1/streaming/user")

	const words = "Quietude at the weir"
	upload := adasApp.Do(servertest.File("/api/v2/media", "file", phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: 5}))).Want(http.StatusOK).ID()
	send := func() (s servertest.Status) {
		t.Helper()
		adasApp.Do(servertest.Form("/api/v1/statuses", "status", words+" #weirs, @ben", "media_ids[]", upload).With("Idempotency-Key", "once")).Want(http.StatusOK).Into(&s)
		return s
	}
	var held servertest.Status
	servertest.Within(t, time.Minute, "the running site holds the post", func() bool {
		held = send()
		return strings.Contains(held.URL, "/held#")
	})
	if again := send(); again.ID != held.ID || len(held.Media) != 1 || !strings.Contains(held.Content, "Quietude") {
		t.Fatalf("sent twice: %+v and %+v", held, again)
	}
	// A signed address works for whoever has it, as one of a followers-only photograph does; nobody else learns it.
	photo, _, signed := strings.Cut(strings.TrimPrefix(held.Media[0].URL, site.URL), "?")
	if !signed || !strings.Contains(photo, "/priv/") {
		t.Errorf("the photograph of a held post is at %s", held.Media[0].URL)
	}
	var account struct{ ID string }
	visitor.Get("/api/v1/accounts/lookup?acct=ada").Want(http.StatusOK).Into(&account)

	reads := []string{"/", "/explore", "/explore/popular", "/tags/weirs", "/@ada", "/@ada.atom", "/people", "/people/new", "/search?q=quietude", "/posts/" + held.ID, "/@ada/" + held.ID, "/@ada/" + held.ID + "/1", "/@ada/" + held.ID + "/likes",
		"/api/v1/timelines/public", "/api/v1/timelines/tag/weirs", "/api/v1/trends/statuses", "/api/v1/accounts/" + account.ID + "/statuses", "/api/v1/accounts/" + account.ID,
		"/api/v1/statuses/" + held.ID, "/api/v1/statuses/" + held.ID + "/context", "/api/v1/statuses?id[]=" + held.ID, "/oembed?url=" + site.URL + "/@ada/" + held.ID}
	forMembers := []string{"/notifications", "/held", "/api/v1/timelines/home", "/api/v1/notifications", "/api/v2/search?q=quietude", "/api/v1/statuses/" + held.ID + "/source", "/api/v1/statuses/" + held.ID + "/history"}
	lacks := func(c *servertest.Client, who string, paths ...string) {
		t.Helper()
		for _, p := range paths {
			a := c.Try(servertest.Read(p))
			if a.Err != nil || a.Status >= 500 || strings.Contains(a.Body, words) || strings.Contains(a.Body, path.Base(path.Dir(photo))) {
				t.Errorf("%s reads at %s: %d %v", who, p, a.Status, a.Err)
			}
		}
	}
	everybody := func() {
		t.Helper()
		lacks(visitor, "a visitor", reads...)
		lacks(ben, "a follower", append(forMembers, reads...)...)
		lacks(bensApp, "a follower’s application", append(forMembers, reads...)...)
		for who, c := range map[string]*servertest.Client{"a visitor": visitor, "a follower": ben, "an application": bensApp} {
			if a := c.Try(servertest.Read(photo)); a.Status == http.StatusOK {
				t.Errorf("%s fetches the photograph", who)
			}
		}
	}
	everybody()
	lacks(ada, "its author, among what is public,", "/", "/explore", "/@ada", "/tags/weirs", "/search?q=quietude")
	ada.Get("/held").Want(http.StatusOK).Has(words, "Only you and the moderators")
	adasApp.Get("/api/v1/statuses/" + held.ID).Want(http.StatusOK).Has("Quietude")
	mod.Get("/admin").Want(http.StatusOK).Has("Posts waiting to be seen: 1")
	mod.Get("/notifications").Want(http.StatusOK).Has("posted something that is waiting for a moderator")
	page := mod.Get("/admin/held").Want(http.StatusOK).Has(words, "quietude")
	for _, photo := range page.Photos() {
		mod.Get(photo).Want(http.StatusOK)
	}
	if list := command("held", "list", "--json"); !strings.Contains(list, held.ID) || !strings.Contains(list, `"author": "ada"`) {
		t.Error(list)
	}

	mod.Post("/admin/held/" + held.ID + "/approve").Want(http.StatusOK)
	var post servertest.Status
	adasApp.Get("/api/v1/statuses/" + held.ID).Want(http.StatusOK).Into(&post) // the id that the client knows leads to it
	if post.ID == held.ID || !strings.HasSuffix(post.URL, "/@ada/"+post.ID) {
		t.Errorf("%+v", post)
	}
	if again := send(); again.ID != post.ID {
		t.Errorf("sent once more, it is %s", again.ID)
	}
	for who, c := range map[string]*servertest.Client{"a visitor": visitor, "a follower’s application": bensApp} {
		for _, p := range []string{"/explore", "/@ada", "/tags/weirs", "/api/v1/timelines/public", "/api/v1/statuses/" + post.ID} {
			servertest.Within(t, time.Minute, who+" reads "+p, func() bool { return strings.Contains(c.Try(servertest.Read(p)).Body, post.ID) })
		}
	}
	ada.Get("/notifications").Want(http.StatusOK).Has("The moderators have published what you posted", "/@ada/"+post.ID)
	adasApp.Get("/api/v1/notifications").Want(http.StatusOK).Lacks("held_approved", words)
	ben.Get("/notifications").Want(http.StatusOK).Lacks("The moderators have published")
	bensApp.Get("/api/v1/timelines/home").Want(http.StatusOK).Has(words)
	bensApp.Get("/api/v1/notifications").Want(http.StatusOK).Has(words)
	for _, lines := range []<-chan string{stream, home} {
		n := 0
		for line := range lines {
			if strings.Contains(line, words) {
				if strings.Contains(line, held.ID) {
					t.Error("a stream brings the held one:", line)
				}
				n++
				break
			}
		}
		if n != 1 {
			t.Error("a stream does not bring the post")
		}
	}

	// Rejected: the author hears why, nobody else anything.
	second := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 200, Height: 200, Seed: 6}), "caption", words+", again")
	second.Has("Waiting for a moderator", words+", again")
	id := strings.TrimSpace(strings.SplitN(strings.SplitN(second.Body, `action="/held/`, 2)[1], "/", 2)[0])
	if out := command("held", "reject", id, "--words", "No adverts."); !strings.Contains(out, "not published") {
		t.Error(out)
	}
	ada.Get("/held").Want(http.StatusOK).Has("No adverts.", "Not published")
	ada.Get("/settings/decisions").Want(http.StatusOK).Has("A post was not published")
	lacks(ben, "a follower", "/@ada/"+id, "/posts/"+id)
	if a := adasApp.Try(servertest.Read("/api/v1/statuses/" + id)); a.Status != http.StatusNotFound {
		t.Errorf("the author’s application gets %d", a.Status)
	}
}
