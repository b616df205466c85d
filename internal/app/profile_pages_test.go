package app

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A profile says until when its account is muted.
func TestAProfileSaysWhenItsMuteEnds(t *testing.T) {
	_, front := siteWithFront(t)
	mia := front.join("mia")
	front.join("max")
	mia.Post("/@max/mute", "for", "24").Want(http.StatusOK)
	if page := mia.Get("/@max").Want(http.StatusOK); !regexp.MustCompile(`You muted @max until [0-9]+ [A-Z][a-z]+ 20[0-9]+, [0-9:]+ UTC\.`).MatchString(page.Body) {
		t.Errorf("the end is not said:\n%s", page.Text())
	}
	mia.Post("/@max/mute", "for", "0").Want(http.StatusOK)
	mia.Get("/@max").Want(http.StatusOK).Has("You muted @max.")
	front.visitor().Get("/@max").Want(http.StatusOK).Lacks("You muted")
}

// A note that is refused stays in its form.
func TestATooLongNoteIsNotLost(t *testing.T) {
	_, front := siteWithFront(t)
	mia, max := front.join("mia"), front.join("max")
	post := max.PublishPhoto(front.photo(), "caption", "A bridge").URL.Path
	long := strings.Repeat("long ", 401)
	mia.Post("/@max/note", "note", long, "return", "/@max").Want(http.StatusUnprocessableEntity).
		Has(strings.TrimSpace(long), "2000 are the most", `<details class="note" open`, `aria-invalid="true"`, `action="/@max/note"`, `href="`+post+`"`, `value="/@max"`).Lacks(`"/@max/note?`)
	mia.Get("/@max").Want(http.StatusOK).Lacks("long long")
	mia.Post("/@max/note", "note", "has the tripod", "return", "/@max").Want(http.StatusOK).Has("has the tripod")
}

// Notifications go after a question.
func TestClearingNotificationsIsAsked(t *testing.T) {
	_, front := siteWithFront(t)
	mia, max := front.join("mia"), front.join("max")
	max.Post("/@mia/follow").Want(http.StatusOK)
	mia.Get("/notifications").Want(http.StatusOK).Has("max", `href="/notifications/clear"`).Lacks(`action="/notifications/clear"`)
	mia.Get("/notifications/clear").Want(http.StatusOK).Has(`action="/notifications/clear"`, "This cannot be undone.", `href="/notifications"`)
	mia.Get("/notifications").Want(http.StatusOK).Has("follows you")
	mia.Post("/notifications/clear").Want(http.StatusOK).Lacks("follows you")
}
