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
