package fleettest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// Who leaves at one instance is readable at none: on pages, in the API, in feeds, in search, embedded, at the addresses of
// photographs that everybody may have or followers alone, and in streams. Coming back brings all of it back.
func TestWhoLeavesIsReadableNowhere(t *testing.T) {
	f := newFleet(t, 2, "PAGE_LIMIT=1000000/5m")
	ada, fan, cid, visitor := browser(t, f[0]).SignUp("ada"), browser(t, f[0]).SignUp("fan"), browser(t, f[0]).SignUp("cid"), browser(t, f[0])
	for _, name := range []string{"ada", "cid"} {
		fan.Post("/@" + name + "/follow").Want(http.StatusOK)
	}
	const words, secret = "Quietude at the weir", "A kingfisher for friends"
	post := ada.PublishPhoto(photo, "caption", words+" #weirs, @fan")
	friends := ada.PublishPhoto(photo, "caption", secret, "visibility", "followers").URL.Path
	public := post.Photos()
	theirs := cid.PublishPhoto(photo, "caption", "A bridge").URL.Path
	ada.Post("/posts/"+theirs[strings.LastIndexByte(theirs, '/')+1:]+"/comments", "text", "Seen it too: "+words).Want(http.StatusOK)
	var account struct{ ID string }
	visitor.Get("/api/v1/accounts/lookup?acct=ada").Want(http.StatusOK).Into(&account)
	author := servertest.Author{Site: origin, Name: "ada", Account: account.ID, Post: post.URL.Path, Tag: "weirs", Words: words, Search: "quietude"}
	places := author.Places()
	lists := slices.Concat(places.Lists(), places.ForMembers, []string{theirs, "/notifications", "/api/v1/notifications", "/@fan/following"})
	adasApp, fansApp := ada.WithToken(ada.NewToken()), fan.WithToken(fan.NewToken())
	readers := map[string]*servertest.Client{"a visitor": visitor, "a follower": fan, "a follower’s application": fansApp}
	private := fan.Get(friends).Want(http.StatusOK).Has(secret).Photos()
	if len(public) == 0 || len(private) == 0 || !strings.Contains(private[0], "/priv/") {
		t.Fatalf("photos: %v, %v", public, private)
	}

	// everywhere asks for a path until the answer is as wanted: as each reader at the second instance, and as a visitor at the first, which
	// was told. Its limit is patience, not a measure.
	everywhere := func(what string, paths []string, wanted func(servertest.Answer) bool) {
		t.Helper()
		for n, i := range f {
			for who, reader := range readers {
				if n == 0 && reader != visitor {
					continue
				}
				for _, p := range paths {
					servertest.Within(t, time.Minute, fmt.Sprintf("%s: %s at instance %d, for %s", what, p, n+1, who), func() bool {
						return wanted(reader.At(i).Try(servertest.Read(p)))
					})
				}
			}
		}
	}
	is := func(status int) func(servertest.Answer) bool {
		return func(a servertest.Answer) bool { return a.Status == status }
	}
	everywhere("before", slices.Concat(places.ByAddress, public), is(http.StatusOK))
	shown := map[string][]string{} // by reader: where she was seen before she left
	for who, reader := range readers {
		for _, p := range lists {
			a := reader.Try(servertest.Read(p))
			if !author.Hidden(a) && a.Status == http.StatusOK {
				shown[who] = append(shown[who], p)
			}
		}
		if len(shown[who]) < 10 {
			t.Errorf("%s sees her at %v alone, which proves little", who, shown[who])
		}
	}

	var streams []func() []string
	for _, i := range f {
		for _, path := range []string{"/api/v1/streaming/user", "/api/v1/streaming/public"} {
			streams = append(streams, gather(fansApp.At(i).Lines(path)))
		}
	}
	own := adasApp.At(f[1]).Lines("/api/v1/streaming/user")
	ada.Post("/settings/delete", "confirm", "ada", "password", password).Want(http.StatusOK)

	everywhere("left", places.ByAddress, author.Gone)
	everywhere("left", lists, author.Hidden)
	everywhere("left", slices.Concat([]string{friends}, public, private), func(a servertest.Answer) bool {
		return a.Status == http.StatusNotFound && !strings.Contains(a.Body, secret)
	})
	everywhere("left", []string{"/", "/api/v1/timelines/home", "/search?q=kingfisher", "/api/v2/search?q=kingfisher"}, func(a servertest.Answer) bool {
		return a.Status < 500 && a.Err == nil && !strings.Contains(a.Body, secret)
	})
	ended := ends("her stream has ended", own)
	servertest.Eventually(t, ended.what, ended.now)
	for n, i := range f {
		if a := adasApp.At(i).Try(servertest.Form("/api/v1/statuses", "status", words+" again")); a.Status != http.StatusUnauthorized {
			t.Errorf("she has left, and posts at instance %d: %d", n+1, a.Status)
		}
		if a := ada.At(i).Get("/settings"); a.URL.Path != "/login" {
			t.Errorf("she has left, and is logged in at instance %d: %s", n+1, a.URL)
		}
	}
	// What streams tell of now they tell of after all that went before: of her there was nothing.
	cid.PublishPhoto(photo, "caption", "Afterwards")
	for n, lines := range streams {
		servertest.Eventually(t, fmt.Sprintf("stream %d goes on", n+1), func() bool {
			return slices.ContainsFunc(lines(), func(line string) bool { return strings.Contains(line, "Afterwards") })
		})
		for _, line := range lines() {
			if strings.Contains(line, words) || strings.Contains(line, secret) || strings.Contains(line, `"acct":"ada"`) {
				t.Errorf("stream %d tells %s", n+1, line)
			}
		}
	}

	back := browser(t, f[1])
	if a := back.LogIn("ada", password); a.URL.Path != "/leaving" {
		t.Fatalf("a log-in leads to %s", a.URL)
	}
	back.At(f[1]).Post("/leaving/back").Want(http.StatusOK)
	everywhere("back", places.ByAddress, is(http.StatusOK))
	for n, i := range f {
		for who, reader := range readers {
			if n == 0 && reader != visitor {
				continue
			}
			for _, p := range shown[who] {
				servertest.Within(t, time.Minute, fmt.Sprintf("back: %s at instance %d, for %s", p, n+1, who), func() bool {
					a := reader.At(i).Try(servertest.Read(p))
					return a.Status == http.StatusOK && !author.Hidden(a)
				})
			}
		}
		// Photographs for everybody have other names now.
		for who, paths := range map[string][]string{"a visitor": visitor.At(i).Get(post.URL.Path).Photos(), "a follower": fan.At(i).Get(friends).Want(http.StatusOK).Has(secret).Photos()} {
			if len(paths) == 0 {
				t.Errorf("back: %s sees no photographs at instance %d", who, n+1)
			}
			for _, p := range paths {
				readers[who].At(i).Get(p).Want(http.StatusOK)
			}
		}
		back.At(i).LoggedIn("ada")
	}
	visitor.Get(friends).Want(http.StatusNotFound)
}
