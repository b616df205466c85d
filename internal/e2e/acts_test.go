package e2e

import (
	"net/http"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// postID is the id in the address of a post's page.
func postID(post servertest.Answer) string {
	return post.URL.Path[strings.LastIndexByte(post.URL.Path, '/')+1:]
}

// What members mark without scripts is on their pages, and on nobody else's.
func marks(t *testing.T, site stage) {
	mia, max := site.join(t, "mia"), site.join(t, "max")
	nobody := site.visitor(t)
	photo := phototest.JPEG(phototest.Options{Width: 300, Height: 200})
	post := mia.PublishPhoto(photo, "caption", "A bridge worth keeping")
	id, path := postID(post), post.URL.Path

	t.Run("bookmarks", func(t *testing.T) {
		max.Get("/bookmarks").Want(http.StatusOK).Has("no bookmarks yet")
		max.Post("/posts/"+id+"/bookmark", "return", path).Want(http.StatusOK).Has("/posts/" + id + "/unbookmark")
		max.Get("/bookmarks").Want(http.StatusOK).Has(path)
		mia.Get(path).Want(http.StatusOK).Has("/posts/" + id + "/bookmark").Lacks("/posts/" + id + "/unbookmark")
		mia.Get("/bookmarks").Want(http.StatusOK).Has("no bookmarks yet")
		mia.Get("/notifications").Want(http.StatusOK).Lacks("max")
		if a := nobody.Get("/bookmarks"); a.URL.Path != "/login" {
			t.Errorf("a visitor is at %s", a.URL)
		}
		max.Post("/posts/" + id + "/unbookmark").Want(http.StatusOK)
		max.Get("/bookmarks").Want(http.StatusOK).Has("no bookmarks yet")
	})
	t.Run("likes", func(t *testing.T) {
		max.Post("/posts/" + id + "/like").Want(http.StatusOK)
		max.Get("/likes").Want(http.StatusOK).Has(path)
		mia.Get("/likes").Want(http.StatusOK).Has("not liked anything yet")
	})
	t.Run("boosts", func(t *testing.T) {
		moe := site.join(t, "moe")
		moe.Post("/@max/follow").Want(http.StatusOK)
		inFeed := `id="p-` + id + `"` // a link to it may stand among the people to follow, too
		moe.Get("/").Want(http.StatusOK).Lacks(inFeed)
		max.Post("/posts/"+id+"/boost", "return", path).Want(http.StatusOK).Has("/posts/" + id + "/unboost")
		moe.Sees("/", inFeed, "max</a> boosted")
		mia.Sees("/notifications", "boosted your photograph")
		nobody.Sees("/api/v1/statuses/"+id, `"reblogs_count":1`)
		if n := strings.Count(max.Get("/").Want(http.StatusOK).Body, `id="p-`+id+`"`); n != 1 {
			t.Errorf("the post is in the home of who boosted it %d times", n)
		}
		max.Post("/posts/" + id + "/unboost").Want(http.StatusOK)
		moe.Loses("/", inFeed)
		max.Post("/posts/" + id + "/boost").Want(http.StatusOK)
		moe.Sees("/", inFeed)
		secret := mia.PublishPhoto(photo, "caption", "For friends", "visibility", "followers")
		secret.Lacks("/posts/" + postID(secret) + "/boost")
	})
	t.Run("mutes and notes", func(t *testing.T) {
		ned := site.join(t, "ned")
		ned.Post("/@mia/follow").Want(http.StatusOK)
		ned.Get("/").Want(http.StatusOK).Has(path)
		ned.Get("/@mia/mute").Want(http.StatusOK).Has("For how long")
		ned.Post("/@mia/mute", "for", "24").Want(http.StatusOK).Has("You muted @mia", path)
		ned.Get("/").Want(http.StatusOK).Lacks(path)
		ned.Get("/explore").Want(http.StatusOK).Lacks(path)
		ned.Get("/settings/mutes").Want(http.StatusOK).Has("@mia", "Muted until")
		mia.Get("/@ned").Want(http.StatusOK).Lacks("You muted")
		ned.Post("/@mia/unmute").Want(http.StatusOK)
		ned.Get("/").Want(http.StatusOK).Has(path)
		ned.Post("/@mia/note", "note", "has the tripod").Want(http.StatusOK).Has("has the tripod")
		for _, m := range []*servertest.Client{mia, max, nobody} {
			m.Get("/@mia").Want(http.StatusOK).Lacks("has the tripod")
		}
	})
	t.Run("pins", func(t *testing.T) {
		mia.Post("/posts/"+id+"/pin", "return", path).Want(http.StatusOK).Has("/posts/" + id + "/unpin")
		max.Sees("/@mia", "<h2>Pinned</h2>")
		if a := max.Post("/posts/" + id + "/pin"); a.Status < 400 {
			t.Errorf("another member pins the post: %d", a.Status)
		}
		max.Get("/@max").Want(http.StatusOK).Lacks("Pinned")
		mia.Post("/posts/" + id + "/unpin").Want(http.StatusOK)
		max.Loses("/@mia", "<h2>Pinned</h2>")
	})
	t.Run("versions", func(t *testing.T) {
		draft := mia.PublishPhoto(photo, "caption", "A brigde with a typo", "visibility", "followers")
		versions := "/posts/" + postID(draft) + "/history"
		mia.Get(draft.URL.Path).Want(http.StatusOK).Lacks(versions)
		mia.Post("/posts/"+postID(draft)+"/edit", "caption", "A bridge without one", "visibility", "followers", "licence", "all-rights-reserved").
			Want(http.StatusOK).Has("A bridge without one", versions).Lacks("brigde")
		mia.Get(versions).Want(http.StatusOK).Has("A brigde with a typo", "A bridge without one")
		for _, m := range []*servertest.Client{max, nobody} { // who may not open the post
			m.Get(versions).Want(http.StatusNotFound).Lacks("brigde")
		}
		mia.Get("/@mia").Want(http.StatusOK).Lacks("brigde")
	})
	t.Run("followed tags", func(t *testing.T) {
		ola := site.join(t, "ola")
		tagged := mia.PublishPhoto(photo, "caption", "Rivets, #ironwork and rust")
		inFeed := `id="p-` + postID(tagged) + `"`
		ola.Get("/").Want(http.StatusOK).Lacks(inFeed)
		ola.Post("/tags/ironwork/follow", "return", "/tags/ironwork").Want(http.StatusOK).Has("/tags/ironwork/unfollow")
		ola.Sees("/", inFeed)
		ola.Get("/settings/tags").Want(http.StatusOK).Has("#ironwork")
		max.Get("/settings/tags").Want(http.StatusOK).Lacks("#ironwork")
		ola.Post("/@mia/mute", "for", "").Want(http.StatusOK)
		ola.Loses("/", inFeed)
		ola.Post("/@mia/unmute").Want(http.StatusOK)
		ola.Post("/tags/ironwork/unfollow").Want(http.StatusOK)
		ola.Loses("/", inFeed)
		ola.Get("/settings/tags").Want(http.StatusOK).Lacks("#ironwork")
	})
	t.Run("what is withdrawn is marked no more", func(t *testing.T) {
		max.Post("/posts/" + id + "/bookmark").Want(http.StatusOK)
		mia.Post("/posts/" + id + "/delete").Want(http.StatusOK)
		max.Loses("/bookmarks", path)
		max.Loses("/likes", path)
	})
}

// The author says who may comment, and everybody else reads why the form is not there. What was typed meanwhile stays.
func whoMayComment(t *testing.T, site stage) {
	ida, jon, kim := site.join(t, "ida"), site.join(t, "jon"), site.join(t, "kim")
	visitor := site.visitor(t)
	photo := phototest.JPEG(phototest.Options{Width: 300, Height: 200})
	post := ida.PublishPhoto(photo, "caption", "A quiet bridge")
	id, path := postID(post), post.URL.Path
	const (
		entry     = `action="/posts/%/comments"`
		choice    = `action="/posts/%/comments-from"`
		closed    = "The author has closed the comments on this post."
		followers = "Only people who follow the author may comment on this post."
	)
	of := func(markup string) string { return strings.Replace(markup, "%", id, 1) }
	kim.Post("/@ida/follow").Want(http.StatusOK)
	ida.Get(path).Want(http.StatusOK).Has(of(entry), of(choice))
	typing := jon.Get(path).Want(http.StatusOK).Has(of(entry)).Lacks(of(choice))
	visitor.Sees(path, "to comment.")
	if a := jon.Post("/posts/"+id+"/comments-from", "comments_from", "nobody"); a.Status != http.StatusForbidden {
		t.Errorf("another member closes the comments: %d", a.Status)
	}
	comment := func(as *servertest.Client, text, key string) servertest.Answer {
		return as.Post("/posts/"+id+"/comments", "text", text, "idempotency_key", key)
	}

	ida.Post("/posts/"+id+"/comments-from", "comments_from", "nobody").Want(http.StatusOK).Has("You have closed the comments").Lacks(of(entry))
	comment(jon, "Which bridge is this?", typing.Key()).Want(http.StatusUnprocessableEntity).Has("Which bridge is this?</textarea>", closed)
	jon.Get(path).Want(http.StatusOK).Has(closed).Lacks(of(entry), "Which bridge")
	visitor.Sees(path, closed)
	visitor.Loses(path, "to comment.")

	ida.Post("/posts/"+id+"/comments-from", "comments_from", "followers").Want(http.StatusOK).Has(of(entry))
	jon.Get(path).Want(http.StatusOK).Has(followers).Lacks(of(entry), closed)
	comment(kim, "Seen it in the fog", kim.Get(path).Want(http.StatusOK).Has(of(entry)).Key()).Want(http.StatusOK).Has("Seen it in the fog")

	ida.Post("/posts/"+id+"/comments-from", "comments_from", "everyone").Want(http.StatusOK)
	comment(jon, "Which bridge is this?", jon.Get(path).Want(http.StatusOK).Lacks(closed, followers).Key()).Want(http.StatusOK).Has("Which bridge is this?")
	visitor.Sees(path, "to comment.")
	if a := ida.Post("/posts/"+id+"/comments-from", "comments_from", "friends"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a choice that there is not: %d", a.Status)
	}
	ida.Get(path).Want(http.StatusOK).Lacks("edited</a>")

	// The default of new posts, the choice for one, and its edit.
	ida.Post("/settings/posting", "visibility", "public", "licence", "all-rights-reserved", "comments_from", "followers").Want(http.StatusOK)
	ida.Get("/compose").Want(http.StatusOK).Has(`<option value="followers" selected`)
	jon.Get(ida.PublishPhoto(photo, "caption", "By default").URL.Path).Want(http.StatusOK).Has(followers)
	chosen := ida.PublishPhoto(photo, "caption", "Chosen", "comments_from", "nobody")
	jon.Get(chosen.URL.Path).Want(http.StatusOK).Has(closed)
	ida.Get("/posts/" + postID(chosen) + "/edit").Want(http.StatusOK).Has(`<option value="nobody" selected`)
	ida.Post("/posts/"+postID(chosen)+"/edit", "caption", "Chosen anew", "licence", "all-rights-reserved", "comments_from", "everyone").Want(http.StatusOK)
	jon.Get(chosen.URL.Path).Want(http.StatusOK).Has("Chosen anew", "/posts/"+postID(chosen)+"/comments").Lacks(closed)
	ida.Post("/settings/posting", "visibility", "public", "licence", "all-rights-reserved", "comments_from", "everyone").Want(http.StatusOK)
}

// Lists and filters, kept on pages without scripts.
func listsAndFilters(t *testing.T, site stage) {
	lea, leo, lou := site.join(t, "lea"), site.join(t, "leo"), site.join(t, "lou")
	photo := phototest.JPEG(phototest.Options{Width: 300, Height: 200})
	for _, name := range []string{"leo", "lou"} {
		lea.Post("/@" + name + "/follow").Want(http.StatusOK)
	}
	inFeed := func(post servertest.Answer) string { return `class="card" id="p-` + postID(post) + `"` }
	spider := leo.PublishPhoto(photo, "caption", "A spider in the shed")
	boat := lou.PublishPhoto(photo, "caption", "A boat")

	t.Run("lists", func(t *testing.T) {
		lea.Get("/lists").Want(http.StatusOK).Has("Make one")
		lea.Post("/lists", "title", strings.Repeat("x", 101)).Want(http.StatusUnprocessableEntity).Has("the limit is 100", strings.Repeat("x", 101))
		made := lea.Post("/lists", "title", "The shed").Want(http.StatusOK).Has("The shed", "Nothing here yet")
		path := made.URL.Path
		id := path[strings.LastIndexByte(path, '/')+1:]
		lea.Get("/@leo").Want(http.StatusOK).Has(`href="/@leo/lists"`)
		lou.Get("/@leo").Want(http.StatusOK).Lacks(`href="/@leo/lists"`)
		lea.Get("/@leo/lists").Want(http.StatusOK).Has("The shed", "list_"+id)
		lea.Post("/@leo/lists", "list_"+id, "on").Want(http.StatusOK)
		lea.Get(path).Want(http.StatusOK).Has(inFeed(spider)).Lacks(inFeed(boat))
		lea.Get("/").Want(http.StatusOK).Has(inFeed(spider), inFeed(boat))
		lea.Post(path, "title", "Shed only", "exclusive", "on").Want(http.StatusOK).Has("Shed only", inFeed(spider))
		lea.Get("/").Want(http.StatusOK).Has(inFeed(boat)).Lacks(inFeed(spider))
		lea.Post(path, "title", " ").Want(http.StatusUnprocessableEntity).Has("needs a name")
		for _, page := range []string{path, path + "/edit"} {
			leo.Get(page).Want(http.StatusNotFound)
			if a := site.visitor(t).Get(page); a.URL.Path != "/login" {
				t.Errorf("a visitor is at %s", a.URL)
			}
		}
		for _, act := range []string{"", "/remove", "/delete"} {
			leo.Post(path+act, "title", "Mine").Want(http.StatusNotFound)
		}
		leo.Get("/lists").Want(http.StatusOK).Lacks("Shed")
		lea.Get(path+"/edit").Want(http.StatusOK).Has("@leo", "Shed only")
		lea.Post("/@lou/unfollow").Want(http.StatusOK)
		lea.Post("/@lou/lists", "list_"+id, "on").Want(http.StatusUnprocessableEntity).Has("Only people you follow")
		lea.Post("/@lou/follow").Want(http.StatusOK)
		lea.Post("/@leo/lists").Want(http.StatusOK)
		lea.Get(path).Want(http.StatusOK).Lacks(inFeed(spider))
		lea.Post(path + "/delete").Want(http.StatusOK).Lacks("Shed only")
		lea.Get(path).Want(http.StatusNotFound)
		lea.Get("/").Want(http.StatusOK).Has(inFeed(spider), inFeed(boat))
	})
	t.Run("filters", func(t *testing.T) {
		const words = "A spider in the shed"
		form := []string{"title", "Legs", "words", "Spider\ntarantula", "whole", "on", "in_home", "on", "in_thread", "on", "in_notifications", "on", "act", "cover", "ends", "0"}
		lea.Post("/settings/filters", "words", "many legs", "act", "cover", "ends", "0").Want(http.StatusUnprocessableEntity).Has("needs a name", "at least one place", "many legs")
		made := lea.Post("/settings/filters", form...).Want(http.StatusOK).Has("Legs", "Covers Spider, tarantula")
		_, rest, _ := strings.Cut(made.Body, `href="/settings/filters/`)
		id, _, _ := strings.Cut(rest, `"`)
		path := "/settings/filters/" + id
		leo.Get(path).Want(http.StatusNotFound)
		leo.Post(path+"/delete", "x", "y").Want(http.StatusNotFound)
		lea.Get("/").Want(http.StatusOK).Has(inFeed(spider), "Filtered: Legs", "show="+postID(spider), inFeed(boat)).Lacks(words)
		lea.Get("/?show="+postID(spider)).Want(http.StatusOK).Has(inFeed(spider), words).Lacks("Filtered: Legs")
		lea.Get("/@leo").Want(http.StatusOK).Lacks("Filtered: Legs") // another place
		lea.Get(spider.URL.Path).Want(http.StatusOK).Has(words).Lacks("Filtered: Legs")
		for _, m := range []*servertest.Client{leo, lou} {
			m.Get(spider.URL.Path).Want(http.StatusOK).Lacks("Filtered")
		}
		mine := lea.PublishPhoto(photo, "caption", "My own spider")
		lea.Get("/").Want(http.StatusOK).Has("My own spider")
		leo.Post("/posts/"+postID(mine)+"/comments", "text", "What a spider!").Want(http.StatusOK)
		lea.Get(mine.URL.Path).Want(http.StatusOK).Has("<summary class=\"muted\">Filtered: Legs</summary>")
		lea.Sees("/notifications", "Filtered: Legs")
		lea.Get("/notifications").Want(http.StatusOK).Lacks("What a spider")
		lea.Get(path).Want(http.StatusOK).Has("Spider\ntarantula")
		form[len(form)-3] = "hide"
		lea.Post(path, form...).Want(http.StatusOK).Has("Hides Spider, tarantula")
		lea.Get("/").Want(http.StatusOK).Has(inFeed(boat), inFeed(mine)).Lacks(inFeed(spider), words, "Filtered: Legs")
		lea.Get(mine.URL.Path).Want(http.StatusOK).Lacks("What a spider")
		lea.Get("/notifications").Want(http.StatusOK).Lacks("What a spider", "Filtered: Legs")
		lea.Get(spider.URL.Path).Want(http.StatusOK).Has(words)
		lea.Post(path + "/delete").Want(http.StatusOK).Lacks("Legs")
		lea.Get("/").Want(http.StatusOK).Has(inFeed(spider), words)
	})
}
