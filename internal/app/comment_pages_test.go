package app

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
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
	if a := max.Post("/posts/"+post.ID+"/comments", "text", "By the form").Want(http.StatusOK); a.URL.Path != "/@mia/"+post.ID || !a.Holds("By the form") {
		t.Errorf("the form of a comment leads to %s, where that is not", a.URL)
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

// A comment's photographs and its warning, which applications post, are on pages: in the thread, in notifications, and before
// moderators.
func TestCommentsWithPhotographsAndWarnings(t *testing.T) {
	site, front := siteWithFront(t, "REPORT_LIMIT=100/1h")
	mia, max, moe := front.join("mia"), front.join("max"), front.join("moe")
	visitor := front.visitor()
	post := asApp(mia).PostPhoto(front.photo(), "A bridge")
	path := "/@mia/" + post.ID
	app := asApp(max)
	comment := func(pairs ...string) (s servertest.Status, set string) {
		t.Helper()
		media := app.Do(servertest.File("/api/v2/media", "file", front.photo())).Want(http.StatusOK)
		app.Post("/api/v1/statuses", append(pairs, "in_reply_to_id", post.ID, "media_ids[]", media.ID())...).Into(&s)
		_, key, _ := strings.Cut(s.Media[0].URL, "/media/")
		return s, key[:strings.LastIndexByte(key, '/')]
	}
	plain, plainSet := comment("status", "")
	warned, warnedSet := comment("status", "Eight legs", "spoiler_text", "A spider")
	shown := max.Get(path).Want(http.StatusOK).Has(plainSet, warnedSet, "<details open><summary>A spider</summary>") // the author's own
	if n := strings.Count(shown.Body, `data-gallery`); n < 2 {
		t.Errorf("%d galleries", n)
	}
	for _, c := range []*servertest.Client{mia, visitor} {
		c.Get(path).Want(http.StatusOK).Has(plainSet, "/@max/"+plain.ID+"/1", "<details><summary>A spider</summary>", "show="+warned.ID+"#c-"+warned.ID).Lacks(warnedSet)
		c.Get(path+"?show="+warned.ID).Want(http.StatusOK).Has(plainSet, warnedSet)
		c.Get("/@max/"+plain.ID+"/1").Want(http.StatusOK).Has(plainSet, "/posts/"+plain.ID)
		c.Get("/@max/" + plain.ID + "/2").Want(http.StatusNotFound)
		c.Get("/@mia/" + plain.ID + "/1").Want(http.StatusNotFound)
		c.Get("/@max/" + warned.ID + "/1").Want(http.StatusOK).Lacks(warnedSet)
	}
	mia.Get("/notifications").Want(http.StatusOK).Has("A spider").Lacks("Eight legs", warnedSet)
	asApp(mia).Post("/api/v1/statuses/" + plain.ID + "/favourite").Want(http.StatusOK)
	max.Get("/notifications").Want(http.StatusOK).Has("likes your comment").Lacks("likes your photograph")
	app.Do(servertest.Form("/api/v1/statuses/"+plain.ID, "status", "Mine", "media_ids[]", plain.Media[0].ID).As(http.MethodPut)).Want(http.StatusOK)
	mia.Get(path).Want(http.StatusOK).Has("Mine", "/posts/"+plain.ID+"/history")

	mia.Post("/settings/filters", "title", "Bugs", "words", "spider", "in_thread", "on", "act", "cover", "ends", "0").Want(http.StatusOK)
	mia.Get(path).Want(http.StatusOK).Has("Filtered: Bugs").Lacks(warnedSet)
	mia.Get(path+"?show="+warned.ID).Want(http.StatusOK).Has(warnedSet, "Eight legs").Lacks("Filtered: Bugs")

	for _, id := range []string{plain.ID, warned.ID} {
		moe.Post("/posts/"+id+"/report", "reason", "spam").Want(http.StatusOK)
	}
	c, closeAll, err := openCommunity(t.Context(), site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	ctx := store.Primary(t.Context())
	if acc, err := c.Store.AccountByUsername(ctx, "moe"); err != nil || c.Store.SetRole(ctx, acc.ID, store.RoleModerator) != nil {
		t.Fatal(err)
	}
	list := moe.Get("/admin/reports").Want(http.StatusOK)
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`href="(/admin/reports/[0-9]+)"`).FindAllStringSubmatch(list.Body, -1) {
		report := moe.Get(m[1]).Want(http.StatusOK)
		seen[plainSet] = seen[plainSet] || report.Holds(plainSet)
		if report.Holds("Eight legs") {
			report.Has("A spider", "show="+warned.ID).Lacks(warnedSet)
			seen[warnedSet] = moe.Get(m[1] + "?show=" + warned.ID).Want(http.StatusOK).Holds(warnedSet)
		}
	}
	if len(seen) != 2 || !seen[plainSet] || !seen[warnedSet] {
		t.Errorf("moderators see %v", seen)
	}
}

// A comment is liked and edited where it stands.
func TestCommentsAreLikedAndEditedOnPages(t *testing.T) {
	_, front := siteWithFront(t)
	mia, max := front.join("mia"), front.join("max")
	path := mia.PublishPhoto(front.photo(), "caption", "A bridge").URL.Path
	said := max.Post("/posts/"+path[strings.LastIndexByte(path, '/')+1:]+"/comments", "text", "What a bride").Want(http.StatusOK)
	id := regexp.MustCompile(`id="c-([0-9]+)"`).FindStringSubmatch(said.Body)[1]
	like, edit := "/posts/"+id+"/like", "/posts/"+id+"/edit"

	mia.Get(path).Want(http.StatusOK).Has(`action="`+like+`"`, `<span class="vh">, comment by max</span>`).Lacks(edit)
	max.Get(path).Want(http.StatusOK).Has(`href="` + edit + `"`)
	front.visitor().Get(path).Want(http.StatusOK).Lacks(like, edit, "1 like")
	if at := mia.Post(like, "return", path).Want(http.StatusOK).Has(`action="/posts/` + id + `/unlike"`); at.URL.Path != path || at.URL.Fragment != "c-"+id {
		t.Errorf("the like leads to %s", at.URL)
	}
	front.visitor().Get(path).Want(http.StatusOK).Has("1 like")
	max.Get("/notifications").Want(http.StatusOK).Has("likes your comment")
	fragment := mia.Do(servertest.Form("/posts/"+id+"/unlike").With("X-Fragment", "1")).Want(http.StatusOK)
	fragment.Has(`id="k-`+id+`"`, `action="`+like+`"`).Lacks("<html", "Bookmark")

	mia.Get(edit).Want(http.StatusForbidden)
	mia.Post(edit, "caption", "Mine").Want(http.StatusForbidden)
	max.Get(edit).Want(http.StatusOK).Has("What a bride</textarea>").Lacks("Add photographs", "licence")
	long := strings.Repeat("long ", 1000)
	max.Post(edit, "caption", long).Want(http.StatusUnprocessableEntity).Has("long long", `aria-invalid="true"`)
	if at := max.Post(edit, "caption", "What a bridge").Want(http.StatusOK).Has("What a bridge", "/posts/"+id+"/history").Lacks("What a bride"); at.URL.Path != path {
		t.Errorf("the edit leads to %s", at.URL)
	}
	mia.Get("/posts/"+id+"/history").Want(http.StatusOK).Has("What a bride<", "What a bridge")
	servertest.Eventually(t, "whom the comment answers learns of its edit", func() bool {
		return mia.Get("/notifications").Want(http.StatusOK).Holds("edited a comment to you", "What a bridge")
	})
}
