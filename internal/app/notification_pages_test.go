package app

import (
	"net/http"
	"testing"

	"tintype/internal/servertest"
)

// A page and an application tell each other what was read.
func TestReadInAnApplicationIsReadOnPages(t *testing.T) {
	_, front := siteWithFront(t)
	mia, max := front.join("mia"), front.join("max")
	app := asApp(mia)
	post := app.PostPhoto(front.photo(), "A bridge")
	count := func() (n struct{ Count int }) { app.Get("/api/v1/notifications/unread_count").Into(&n); return n }
	newest := func() string {
		var list []struct{ ID string }
		app.Get("/api/v1/notifications").Into(&list)
		return list[0].ID
	}
	const badge, row = `class="badge"`, `class="row unread"`
	mia.Get("/notifications").Want(http.StatusOK).Has("An application may now act for you", row) // which only pages tell
	mia.Get("/explore").Want(http.StatusOK).Lacks(badge)
	max.Post("/posts/" + post.ID + "/like").Want(http.StatusOK)
	mia.Get("/explore").Want(http.StatusOK).Has(badge)
	if n := count().Count; n != 1 {
		t.Errorf("%d unread", n)
	}
	app.Post("/api/v1/markers", "notifications[last_read_id]", newest()).Want(http.StatusOK)
	mia.Get("/explore").Want(http.StatusOK).Lacks(badge)
	if n := count().Count; n != 0 {
		t.Errorf("%d unread after the marker", n)
	}
	mia.Get("/notifications").Want(http.StatusOK).Has("max").Lacks(row)
	max.Post("/posts/"+post.ID+"/comments", "text", "Fine").Want(http.StatusOK)
	mia.Get("/notifications").Want(http.StatusOK).Has("Fine", row)
	var markers struct {
		Notifications struct {
			LastReadID string `json:"last_read_id"`
		}
	}
	servertest.Eventually(t, "the marker follows the page", func() bool { // the page waits for that but a moment
		app.Get("/api/v1/markers?timeline[]=notifications").Into(&markers)
		return markers.Notifications.LastReadID == newest()
	})
}

// Who boosted a post or commented on it learns of its edit on pages and in applications, unless that is turned off.
func TestAnEditIsTold(t *testing.T) {
	_, front := siteWithFront(t)
	mia, max, lou := front.join("mia"), front.join("max"), front.join("lou")
	post := asApp(mia).PostPhoto(front.photo(), "A bride")
	const words = "edited a photograph that you boosted or commented on"
	max.Post("/posts/" + post.ID + "/boost").Want(http.StatusOK)
	lou.Post("/posts/"+post.ID+"/comments", "text", "Fine").Want(http.StatusOK)
	lou.Get("/settings/notifications").Want(http.StatusOK).Has("Edits of posts you boosted or commented on, and of comments to you", `name="page" value="update" checked`, `name="push" value="update" checked`)
	lou.Post("/settings/notifications", "kind", "update").Want(http.StatusOK).Lacks(`name="page" value="update" checked`)
	asApp(mia).Do(servertest.Form("/api/v1/statuses/"+post.ID, "status", "A bridge", "media_ids[]", post.Media[0].ID).As(http.MethodPut)).Want(http.StatusOK)
	servertest.Eventually(t, "an edit is told", func() bool { return max.Get("/notifications").Want(http.StatusOK).Holds(words) })
	max.Get("/notifications").Want(http.StatusOK).Has(`href="/@mia/` + post.ID + `"`)
	var list []struct {
		Type    string
		Account struct{ Acct string }
		Status  servertest.Status
	}
	asApp(lou).Get("/api/v1/notifications?types[]=update").Into(&list)
	if len(list) != 1 || list[0].Type != "update" || list[0].Account.Acct != "mia" || list[0].Status.ID != post.ID {
		t.Errorf("an application is told %+v", list)
	}
	lou.Get("/notifications").Want(http.StatusOK).Lacks(words)
	mia.Get("/notifications").Want(http.StatusOK).Lacks(words)
}

// The menu of somebody whom one follows turns on, and off, that one is told of each of their posts.
func TestTheBellOfAProfile(t *testing.T) {
	_, front := siteWithFront(t)
	mia, max, lou := front.join("mia"), front.join("max"), front.join("lou")
	const on, off, words = `action="/@mia/notify"`, `action="/@mia/unnotify"`, "posted a photograph"
	max.Get("/@mia").Want(http.StatusOK).Lacks(on, off)
	for _, c := range []*servertest.Client{max, lou} {
		c.Post("/@mia/follow").Want(http.StatusOK)
	}
	max.Get("/@mia").Want(http.StatusOK).Has(on).Lacks(off)
	max.Post("/@mia/notify").Want(http.StatusOK).Has(off).Lacks(on)
	post := mia.PublishPhoto(front.photo(), "caption", "A bridge").URL.Path
	servertest.Eventually(t, "the post is told", func() bool { return max.Get("/notifications").Want(http.StatusOK).Holds(words) })
	for _, path := range []string{"/notifications", "/notifications/posts"} {
		max.Get(path).Want(http.StatusOK).Has(`href="`+post+`"`, words)
	}
	max.Get("/notifications/comments").Want(http.StatusOK).Lacks(words)
	lou.Get("/notifications").Want(http.StatusOK).Lacks(words)
	max.Get("/settings/notifications").Want(http.StatusOK).Has("New posts by those you asked to be told of", `name="page" value="status" checked`, `name="push" value="status" checked`)
	max.Post("/settings/notifications", "kind", "status").Want(http.StatusOK).Lacks(`name="page" value="status" checked`)
	max.Get("/notifications").Want(http.StatusOK).Lacks(words)
	max.Post("/@mia/unnotify").Want(http.StatusOK).Has(on, "Following").Lacks(off)
}
