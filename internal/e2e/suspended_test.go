package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// What a suspended member has posted is readable nowhere, within a second of the act, and all of it comes back with the
// member. What a limited one has posted is not shown to visitors, nor to members who did not ask for it.
func TestASuspendedMemberIsReadableNowhere(t *testing.T) {
	site := servertest.NewTintype(t, "REGISTRATION=open", "SIGNUP_LIMIT=100/1h")
	site.Start()
	ada, ben, visitor := servertest.NewClient(t, site.URL).SignUp("ada"), servertest.NewClient(t, site.URL).SignUp("ben"), servertest.NewClient(t, site.URL)
	fan := servertest.NewClient(t, site.URL).SignUp("fan")
	fan.Post("/@ada/follow").Want(http.StatusOK)
	const words = "Quietude at the weir"
	post := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", words+" #weirs")
	photos := post.Photos()
	if len(photos) == 0 {
		t.Fatal("the post shows no photo")
	}
	path := post.URL.Path
	id := path[strings.LastIndex(path, "/")+1:]
	var account struct{ ID string }
	visitor.Get("/api/v1/accounts/lookup?acct=ada").Want(http.StatusOK).Into(&account)
	ben.Post("/posts/"+id+"/comments", "text", "Lovely").Want(http.StatusOK)
	ada.Post("/posts/"+id+"/comments", "text", "Thank you, "+words).Want(http.StatusOK)

	// byAddress are asked for, lists show to whom nobody asked for. Of each the words must not appear.
	byAddress := []string{"/@ada", path, path + "/1", "/@ada.atom", "/@ada/followers", "/posts/" + id, path + "/likes", "/api/v1/accounts/lookup?acct=ada", "/api/v1/accounts/" + account.ID,
		"/api/v1/accounts/" + account.ID + "/statuses", "/api/v1/statuses/" + id, "/api/v1/statuses/" + id + "/context", "/oembed?url=" + url.QueryEscape(site.URL+path)}
	lists := []string{"/", "/explore", "/explore/popular", "/tags/weirs", "/people", "/people/new", "/search?q=quietude", "/search?q=ada",
		"/api/v1/timelines/public", "/api/v1/timelines/tag/weirs", "/api/v1/trends/statuses", "/api/v1/directory?local=true"}
	forMembers := []string{"/api/v2/search?q=quietude", "/api/v2/search?q=ad&type=accounts"}
	home := []string{"/api/v1/timelines/home"}
	all := func(c *servertest.Client, paths []string, wants func(a servertest.Answer) bool, what string) {
		t.Helper()
		for _, p := range paths {
			var a servertest.Answer
			servertest.Within(t, 10*time.Second, what+": "+p, func() bool {
				a = c.Try(servertest.Read(p))
				return wants(a)
			})
		}
	}
	hidden := func(a servertest.Answer) bool {
		return a.Status < 500 && !strings.Contains(a.Body, words) && !strings.Contains(a.Body, "/@ada\"") && !strings.Contains(a.Body, `"acct":"ada"`)
	}
	gone := func(a servertest.Answer) bool { return a.Status == http.StatusNotFound && hidden(a) }
	there := func(a servertest.Answer) bool { return a.Status == http.StatusOK }
	shown := func(a servertest.Answer) bool {
		return a.Status == http.StatusOK && strings.Contains(a.Body, words)
	}
	member, follower := ben.WithToken(ben.NewToken()), fan.WithToken(fan.NewToken()) // of the API
	command := func(args ...string) {
		t.Helper()
		if out, errs, err := site.Command(append([]string{"account"}, args...)...); err != nil {
			t.Fatal(args, out, errs, err)
		}
	}
	all(visitor, byAddress, there, "before")
	all(visitor, photos, there, "before")
	all(follower, home, shown, "before")

	command("limit", "ada")
	all(visitor, byAddress, gone, "limited, for a visitor")
	all(visitor, lists, hidden, "limited, for a visitor")
	all(member, append(lists[8:], forMembers...), hidden, "limited, for a member")
	all(member, []string{"/api/v1/accounts/" + account.ID, "/api/v1/statuses/" + id}, there, "limited, for a member who asks")
	all(follower, append([]string{"/api/v1/timelines/public"}, home...), shown, "limited, for a follower")
	command("limit", "ada", "--undo")
	all(visitor, byAddress, there, "no longer limited")

	stream := member.Lines("/api/v1/streaming/public")
	command("suspend", "ada", "--words", "Enough.")
	for who, c := range map[string]*servertest.Client{"a visitor": visitor, "a member": ben, "a follower": fan, "a member’s application": member} {
		all(c, byAddress, gone, "suspended, for "+who)
		all(c, lists, hidden, "suspended, for "+who)
		all(c, photos, func(a servertest.Answer) bool { return a.Status == http.StatusNotFound }, "suspended, for "+who)
	}
	all(member, forMembers, hidden, "suspended, for a member")
	all(follower, home, hidden, "suspended, for a follower")
	// Nothing of hers comes by a stream any more: what others post meanwhile comes without it.
	next := servertest.NewClient(t, site.URL).SignUp("cid")
	next.PublishPhoto(phototest.JPEG(phototest.Options{Width: 200, Height: 200}), "caption", "Afterwards")
	for line := range stream {
		if strings.Contains(line, words) {
			t.Error("a stream brings", line)
		}
		if strings.Contains(line, "Afterwards") {
			break
		}
	}
	command("suspend", "ada", "--undo")
	all(visitor, byAddress, there, "restored")
	all(visitor, photos, there, "restored")
}
