package e2e

import (
	"net/http"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

const unreadBadge = `class="badge"`

// Who is invited to an album hears of it on the page, as long as the invitation stands. Apps know no such kind, so they are not told.
func TestAnInvitationToAnAlbumIsTold(t *testing.T) {
	site := start(t)
	ada, ben := servertest.NewClient(t, site.URL).SignUp("ada"), servertest.NewClient(t, site.URL).SignUp("ben")
	app := ben.WithToken(ben.NewToken())
	album := newAlbum(ada, "The <old> town", "visibility", "invited")
	ben.Get("/notifications").Want(http.StatusOK).Lacks("invited you")
	for range 2 { // the second invitation says nothing new
		ada.Post(album+"/invite", "name", "ben").Want(http.StatusOK)
	}
	ben.Get("/explore").Want(http.StatusOK).Has(unreadBadge)
	app.Get("/api/v1/notifications").Want(http.StatusOK).Lacks("album_invite")
	app.Get("/api/v1/notifications/unread_count").Want(http.StatusOK).Has(`"count":0`)
	app.Get("/api/v1/notifications?types[]=album_invite").Want(http.StatusOK).Lacks("album_invite")
	page := ben.Get("/notifications").Want(http.StatusOK).Has("invited you to an album", `href="`+album+`"`, "The &lt;old&gt; town").Lacks("<old>")
	if n := strings.Count(page.Body, "invited you to an album"); n != 1 {
		t.Errorf("it is told %d times", n)
	}
	ben.Get("/settings/notifications").Want(http.StatusOK).Has("Invitations to albums")
	ben.Post(album + "/leave").Want(http.StatusOK)
	ben.Get("/notifications").Want(http.StatusOK).Lacks("invited you to an album")

	ada.Post(album+"/invite", "name", "ben").Want(http.StatusOK)
	ben.Get("/notifications").Want(http.StatusOK).Has("invited you to an album")
	ada.Post(album + "/delete").Want(http.StatusOK)
	ben.Get("/notifications").Want(http.StatusOK).Lacks("invited you to an album")
}

// The number of unread notifications is that of the list: what a filter hides is in neither.
func TestTheBadgeCountsWhatTheListShows(t *testing.T) {
	site := start(t)
	ada, ben := servertest.NewClient(t, site.URL).SignUp("ada"), servertest.NewClient(t, site.URL).SignUp("ben")
	post := postID(ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 71}), "caption", "Mine"))
	comment := func(text string) {
		t.Helper()
		ben.Post("/posts/"+post+"/comments", "text", text).Want(http.StatusOK)
	}
	for _, act := range []string{"cover", "hide"} {
		ada.Post("/settings/filters", "title", "No "+act, "words", act+"word", "in_notifications", "on", "act", act, "ends", "0").Want(http.StatusOK)
	}
	comment("Some hideword here")
	ada.Get("/explore").Want(http.StatusOK).Lacks(unreadBadge)
	comment("Some coverword here")
	comment("A plain one")
	ada.Get("/explore").Want(http.StatusOK).Has(unreadBadge, "2")
	lines := ada.Lines("/live?posts=" + post)
	awaitLines(t, lines, "event: unread", `{"unread":2}`)
	comment("hideword again")
	comment("And another")
	awaitLines(t, lines, `{"unread":3}`)
	list := ada.Get("/notifications").Want(http.StatusOK).Has("A plain one", "Filtered: No cover", "And another").Lacks("hideword")
	if n := strings.Count(list.Body, `class="row unread"`); n != 3 {
		t.Errorf("the list shows %d unread", n)
	}
	ada.Get("/explore").Want(http.StatusOK).Lacks(unreadBadge)
}

// Open pages and apps hear of what changes besides posts: a closed thread, and the member's filters.
func TestOpenPagesHearOfThreadsAndFilters(t *testing.T) {
	site := start(t)
	ada, ben := servertest.NewClient(t, site.URL).SignUp("ada"), servertest.NewClient(t, site.URL).SignUp("ben")
	post := postID(ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 81}), "caption", "Mine"))
	page := ben.Lines("/live?posts=" + post)
	awaitLines(t, page, "event: counts", `"comments":0}`)
	ada.Post("/posts/"+post+"/comments-from", "comments_from", "nobody").Want(http.StatusOK)
	awaitLines(t, page, "event: counts", `"closed":"The author has closed the comments on this post."`)
	awaitLines(t, ben.Lines("/live?posts="+post), `"closed":"The author has closed`) // and one that opens the page again
	ada.Post("/posts/"+post+"/comments-from", "comments_from", "followers").Want(http.StatusOK)
	awaitLines(t, page, `"closed":"Only people who follow the author`)
	ada.Post("/posts/"+post+"/comments-from", "comments_from", "everyone").Want(http.StatusOK)
	awaitLines(t, page, `"comments":0}`)

	token := ben.NewToken()
	apps := ben.WithToken(token).Lines("/api/v1/streaming/user")
	ben.Post("/settings/filters", "title", "No fog", "words", "fog", "in_home", "on", "act", "hide", "ends", "0").Want(http.StatusOK)
	awaitLines(t, apps, "event: filters_changed", "data: {}")
}

// A search shows where its words stand, as they were written.
func TestFoundWordsAreMarked(t *testing.T) {
	site := start(t)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	words := "Brume & <b>Café</b> au lait, 東京の夜 " + strings.Repeat("and so on ", 40) + " the lighthouse at last"
	u, err := ada.Upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 91}))
	if err != nil {
		t.Fatal(err)
	}
	ada.Publish("caption", words, "description-"+u.ID, "A kettle on the stove").Want(http.StatusOK)
	for query, want := range map[string]string{
		"cafe": "&lt;b&gt;<mark>Café</mark>&lt;/b&gt; au lait", "CAFE lait": "<mark>lait</mark>", "東京": "<mark>東京</mark>の夜", "bru": "<mark>Brume</mark>",
		"lighthouse": "<mark>lighthouse</mark> at last", "kettle": "A <mark>kettle</mark> on the stove",
	} {
		ada.Do(servertest.Read("/search?q=" + strings.ReplaceAll(query, " ", "+"))).Want(http.StatusOK).Has(want).Lacks("<b>Café")
	}
}
