package e2e

import (
	"net/http"
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

	author := servertest.Author{Site: site.URL, Name: "ada", Account: account.ID, Post: path, Tag: "weirs", Words: words, Search: "quietude"}
	places := author.Places()
	byAddress, home := places.ByAddress, []string{"/api/v1/timelines/home"}
	all := func(c *servertest.Client, paths []string, wants func(a servertest.Answer) bool, what string) {
		t.Helper()
		for _, p := range paths {
			var a servertest.Answer
			servertest.Within(t, time.Minute, what+": "+p, func() bool {
				a = c.Try(servertest.Read(p))
				return wants(a)
			})
		}
	}
	there := func(a servertest.Answer) bool { return a.Status == http.StatusOK }
	member, follower := ben.WithToken(ben.NewToken()), fan.WithToken(fan.NewToken()) // of the API
	command := func(args ...string) {
		t.Helper()
		if out, errs, err := site.Command(append([]string{"account"}, args...)...); err != nil {
			t.Fatal(args, out, errs, err)
		}
	}
	all(visitor, byAddress, there, "before")
	all(visitor, photos, there, "before")
	all(follower, home, author.Shown, "before")

	command("limit", "ada")
	all(visitor, byAddress, author.Gone, "limited, for a visitor")
	all(visitor, places.Lists(), author.Hidden, "limited, for a visitor")
	all(member, append(places.API, places.ForMembers...), author.Hidden, "limited, for a member")
	all(member, []string{"/api/v1/accounts/" + account.ID, "/api/v1/statuses/" + id}, there, "limited, for a member who asks")
	all(follower, append([]string{"/api/v1/timelines/public"}, home...), author.Shown, "limited, for a follower")
	command("limit", "ada", "--undo")
	all(visitor, byAddress, there, "no longer limited")

	stream := member.Lines("/api/v1/streaming/public")
	command("suspend", "ada", "--words", "Enough.")
	for who, c := range map[string]*servertest.Client{"a visitor": visitor, "a member": ben, "a follower": fan, "a member’s application": member} {
		all(c, byAddress, author.Gone, "suspended, for "+who)
		all(c, places.Lists(), author.Hidden, "suspended, for "+who)
		all(c, photos, func(a servertest.Answer) bool { return a.Status == http.StatusNotFound }, "suspended, for "+who)
	}
	all(member, places.ForMembers, author.Hidden, "suspended, for a member")
	all(follower, home, author.Hidden, "suspended, for a follower")
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
