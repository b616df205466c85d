package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// Members see their notifications by kind, and choose which appear at all. All of it works without scripts, but for
// turning push on.
func notificationsByKind(t *testing.T, site stage) {
	nia, nat := site.join(t, "nia"), site.join(t, "nat")
	nia.Get("/notifications").Want(http.StatusOK).Has("Nothing here yet").Lacks("What to show")
	id := postID(nia.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "A bridge"))
	unread := func(want bool) {
		t.Helper()
		if want {
			nia.Sees("/", unreadBadge)
		} else {
			nia.Loses("/", unreadBadge).Want(http.StatusOK)
		}
	}
	unread(false)
	nat.Post("/posts/" + id + "/like").Want(http.StatusOK)
	nat.Post("/@nia/follow").Want(http.StatusOK)
	nat.Post("/posts/"+id+"/comments", "text", "I know that bridge").Want(http.StatusOK)
	unread(true)

	const like, follow, comment = "likes your photograph", "follows you", "I know that bridge"
	nia.Sees("/notifications/likes", like).Has(`href="/notifications/likes" aria-current="page"`, `class="row unread"`).Lacks(follow, comment, "Clear all")
	nia.Sees("/notifications/comments", comment).Lacks(like, follow)
	nia.Sees("/notifications/followers", follow).Lacks(like, comment)
	nia.Get("/notifications/boosts").Want(http.StatusOK).Has("Nothing of this kind yet", `href="/notifications"`).Lacks(like, follow, comment)
	nia.Get("/notifications/banana").Want(http.StatusNotFound)
	unread(true) // a part says nothing of the rest
	nia.Sees("/notifications", like, follow, comment, `class="row unread"`)
	unread(false)
	nia.Sees("/notifications", like, follow, comment, "Clear all").Lacks(`class="row unread"`)

	choices := nia.Get("/settings/notifications").Want(http.StatusOK).Has(`name="page" value="favourite" checked`, `name="push" value="mention" checked`, "Turn on").Lacks("admin.report", "Browsers with push")
	if !strings.Contains(choices.Body, `data-key="B`) {
		t.Error("the page has no key to subscribe with")
	}
	chosen := url.Values{"kind": {"favourite", "mention", "follow"}, "page": {"mention", "follow"}, "push": {"favourite"}}
	nia.Do(servertest.Values("/settings/notifications", chosen)).Want(http.StatusOK).
		Has("Saved", `name="push" value="favourite" checked`, `name="page" value="mention" checked`, `name="push" value="reblog" checked`).
		Lacks(`name="page" value="favourite" checked`, `name="push" value="mention" checked`)
	nia.Sees("/notifications", follow, comment).Lacks(like)
	nia.Get("/notifications/likes").Want(http.StatusOK).Lacks(like)
	nat.Post("/posts/" + id + "/unlike").Want(http.StatusOK)
	nat.Post("/posts/" + id + "/like").Want(http.StatusOK)
	unread(false)
	nia.Post("/settings/notifications", "kind", "banana", "page", "banana").Want(http.StatusUnprocessableEntity)
	nat.Get("/settings/notifications").Want(http.StatusOK).Has(`name="page" value="favourite" checked`) // what another chose

	// A browser is told until it is turned off, or logged out.
	const push = "/settings/notifications/push"
	for _, endpoint := range []string{"http://push.example/1", "https://127.0.0.1/1", "https://[::1]/1", ""} {
		nia.Post(push, subscriptionOf(t, endpoint)...).Want(http.StatusUnprocessableEntity)
	}
	nia.Get("/settings/notifications").Want(http.StatusOK).Lacks("Browsers with push")
	page := nia.Post(push, subscriptionOf(t, "https://push.invalid/1")...).Want(http.StatusOK).Has("Push is on in this browser", "Browsers with push", "This one").Lacks("data-on", "push.invalid")
	_, after, _ := strings.Cut(page.Body, "/settings/notifications/devices/")
	device, _, _ := strings.Cut(after, "/")
	nat.Post("/settings/notifications/devices/" + device + "/remove").Want(http.StatusNotFound)
	nia.Post("/settings/notifications/devices/"+device+"/remove").Want(http.StatusOK).Has("Push is off in that browser", "Turn on").Lacks("Browsers with push")
	nia.Post(push, subscriptionOf(t, "https://push.invalid/2")...).Want(http.StatusOK)
	nia.Post("/settings/account", "what", "password", "current_password", servertest.Password, "new_password", "another horse battery").Want(http.StatusOK).Has("password")
	nia.Get("/settings/notifications").Want(http.StatusOK).Has("This one") // it goes on under the new session
	nia.Post("/logout").Want(http.StatusOK)
	nia.LogIn("nia", "another horse battery")
	nia.Get("/settings/notifications").Want(http.StatusOK).Has("Turn on").Lacks("Browsers with push")
}
