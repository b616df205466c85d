package app

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/servertest"
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
		Has(strings.TrimSpace(long), "the limit is 2000", `<details class="note" open`, `aria-invalid="true"`, `action="/@max/note"`, `href="`+post+`"`, `value="/@max"`).Lacks(`"/@max/note?`)
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

// What a member boosts is on a tab of the profile, for whoever may see it, and in a list of the member's own.
func TestAProfileShowsBoosts(t *testing.T) {
	_, front := siteWithFront(t)
	mia, max, lou := front.join("mia"), front.join("max"), front.join("lou")
	mia.Get("/@mia/boosts").Want(http.StatusOK).Has("You have not boosted anything yet")
	max.Get("/@mia/boosts").Want(http.StatusOK).Has("@mia has not boosted anything")
	mia.Get("/boosts").Want(http.StatusOK).Has("You have not boosted anything yet")
	post := max.PublishPhoto(front.photo(), "caption", "A bridge").URL.Path
	mia.Post("/posts/" + post[strings.LastIndexByte(post, '/')+1:] + "/boost").Want(http.StatusOK)

	for _, c := range []*servertest.Client{mia, max, lou, front.visitor()} {
		c.Get("/@mia").Want(http.StatusOK).Has(`href="/@mia/boosts"`).Lacks(`id="items"`) // what is newest is there alone
		c.Get("/@mia/boosts").Want(http.StatusOK).Has(`href="`+post+`"`, "A bridge", `class="boosted"`)
		c.Get("/@max/boosts").Want(http.StatusOK).Lacks(`id="items"`, `class="boosted"`)
	}
	mia.Get("/likes").Want(http.StatusOK).Has(`href="/boosts"`)
	mia.Get("/boosts").Want(http.StatusOK).Has(post)
	max.Get("/boosts").Want(http.StatusOK).Lacks(`class="boosted"`).Has("You have not boosted anything yet")

	lou.Post("/@max/mute", "for", "0").Want(http.StatusOK)
	lou.Get("/@mia/boosts").Want(http.StatusOK).Lacks(post)
	lou.Post("/@max/unmute").Want(http.StatusOK)
	lou.Get("/@mia/boosts").Want(http.StatusOK).Has(post)
	max.Post("/@lou/block").Want(http.StatusOK)
	lou.Get("/@mia/boosts").Want(http.StatusOK).Lacks(post)
	lou.Post("/@mia/block").Want(http.StatusOK)
	if at := lou.Get("/@mia/boosts").Want(http.StatusOK).URL.Path; at != "/@mia" {
		t.Errorf("the boosts of a blocked member are at %s", at)
	}
	max.Do(servertest.Form("/posts/"+post[strings.LastIndexByte(post, '/')+1:]+"/edit", "caption", "A bridge", "licence", "all-rights-reserved", "visibility", "followers")).Want(http.StatusOK)
	for _, c := range []*servertest.Client{mia, front.visitor()} {
		c.Get("/@mia/boosts").Want(http.StatusOK).Lacks(post)
	}
}
