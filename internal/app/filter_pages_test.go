package app

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

var photoOriginal = regexp.MustCompile(`/photos/([0-9]+)/original`)

// photosIn are the ids of the photos on a page of their owner.
func photosIn(a servertest.Answer) (ids []string) {
	for _, m := range photoOriginal.FindAllStringSubmatch(a.Body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// What a filter covers or hides is on no list, as words or as a photograph.
func TestFiltersHoldInEveryList(t *testing.T) {
	site, front := siteWithFront(t)
	lea, leo, max := front.join("lea"), front.join("leo"), front.join("max")
	lea.Post("/@leo/follow").Want(http.StatusOK)
	publish := func(caption string) (path, photo, set string) {
		t.Helper()
		post := leo.PublishPhoto(front.photo(), "caption", caption)
		for key := range post.PhotosByKey() {
			set = key[:strings.LastIndexByte(key, '/')]
		}
		return post.URL.Path, photosIn(post)[0], set
	}
	const words = "in the shed"
	_, boat, _ := publish("A boat")
	spiderPath, spider, set := publish("A spider in the shed #crawling")
	_, shore, _ := publish("A shore")
	album := strings.TrimSuffix(leo.Post("/albums", "title", "Week", "visibility", "public", "adders", "owner", "ordering", "hand").Want(http.StatusOK).URL.Path, "/add")
	for _, photo := range []string{boat, spider, shore} {
		leo.Post(album+"/add", "photos", photo).Want(http.StatusOK)
	}
	leo.Post(album+"/cover", "photo", spider).Want(http.StatusOK)
	id := spiderPath[strings.LastIndexByte(spiderPath, '/')+1:]
	lea.Post("/posts/" + id + "/like").Want(http.StatusOK)
	max.Post("/posts/" + id + "/boost").Want(http.StatusOK)
	list := lea.Post("/lists", "title", "Friends").Want(http.StatusOK).URL.Path
	lea.Post(list+"/add", "name", "leo").Want(http.StatusOK)
	mine := lea.Post("/posts/"+id+"/comments", "text", "Uh").Want(http.StatusOK)
	leo.Post("/posts/"+id+"/comments", "text", "@lea it is kind", "in_reply_to", regexp.MustCompile(`id="c-([0-9]+)"`).FindStringSubmatch(mine.Body)[1]).Want(http.StatusOK)
	c, closeAll, err := openCommunity(t.Context(), site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	if err := c.RankTrends(store.Primary(t.Context())); err != nil {
		t.Fatal(err)
	}

	slide := func(photo string) string { return album + "/photos/" + photo }
	pages := []string{"/search?q=spider", album, "/albums", "/@leo/albums", "/explore", "/explore/popular", "/explore/tags", "/tags/crawling", "/@leo", "/notifications", "/people/new", "/@max/boosts", list}
	for _, page := range pages {
		lea.Get(page).Want(http.StatusOK).Has(set)
	}
	lea.Get(slide(boat)).Want(http.StatusOK).Has(slide(spider))

	form := []string{"title", "Legs", "words", "spider", "whole", "on", "in_home", "on", "in_public", "on", "in_account", "on", "in_notifications", "on", "ends", "0", "act"}
	made := lea.Post("/settings/filters", append(form, "cover")...).Want(http.StatusOK)
	filter := regexp.MustCompile(`href="(/settings/filters/[0-9]+)"`).FindStringSubmatch(made.Body)[1]
	for _, page := range pages {
		lea.Get(page).Want(http.StatusOK).Lacks(set, words, "spider</mark>")
	}
	for _, page := range []string{album, "/search?q=spider", "/explore", "/@leo"} {
		lea.Get(page).Want(http.StatusOK).Has(id)
	}
	lea.Get(slide(boat)).Want(http.StatusOK).Has(slide(spider))
	lea.Get(slide(spider)).Want(http.StatusOK).Has("Filtered: Legs").Lacks(set, words)
	lea.Get(slide(spider)+"?show="+id).Want(http.StatusOK).Has(set, words)
	lea.Get("/search?q=spider&show="+id).Want(http.StatusOK).Has(set, words)
	leo.Get(slide(spider)).Want(http.StatusOK).Has(set, words)

	lea.Post(filter, append(form, "hide")...).Want(http.StatusOK)
	for _, page := range pages {
		lea.Get(page).Want(http.StatusOK).Lacks(set, words, spiderPath, slide(spider), "Filtered")
	}
	lea.Get(slide(boat)).Want(http.StatusOK).Has(slide(shore)).Lacks(slide(spider))
	lea.Get(slide(shore)).Want(http.StatusOK).Has(slide(boat)).Lacks(slide(spider))
	lea.Get(spiderPath).Want(http.StatusOK).Has(set, words) // it was asked for
}

// A filter that an application made of single posts says so, and lets go of them; words of which some are whole stay so.
func TestAFilterOfSinglePostsOnPages(t *testing.T) {
	_, front := siteWithFront(t)
	lea, leo := front.join("lea"), front.join("leo")
	app := asApp(lea)
	kept, gone := asApp(leo).PostPhoto(front.photo(), "A boat"), asApp(leo).PostPhoto(front.photo(), "A shore")
	filter := app.Post("/api/v2/filters", "title", "Enough", "context[]", "public", "filter_action", "warn").Want(http.StatusOK).ID()
	for _, post := range []servertest.Status{kept, gone} {
		app.Post("/api/v2/filters/"+filter+"/statuses", "status_id", post.ID).Want(http.StatusOK)
	}
	page := "/settings/filters/" + filter
	lea.Get("/settings/filters").Want(http.StatusOK).Has("Covers 2 posts").Lacks("No words yet")
	leo.Post("/posts/" + gone.ID + "/delete").Want(http.StatusOK)
	shown := lea.Get(page).Want(http.StatusOK).Has("Single posts", "@leo, ", `href="/posts/`+kept.ID+`"`, "A post that you can no longer see").Lacks("A boat")
	drops := regexp.MustCompile(`name="(drop_[0-9]+)"`).FindAllStringSubmatch(shown.Body, -1)
	if len(drops) != 2 {
		t.Fatalf("%d posts can be taken out", len(drops))
	}
	form := []string{"title", "Enough", "words", "fog\nmist", "whole", "on", "in_public", "on", "act", "cover", "ends", "0"}
	lea.Post(page, append(form, drops[0][1], "on")...).Want(http.StatusOK).Has("Covers fog, mist, 1 post")
	lea.Get(page).Want(http.StatusOK).Has("A post that you can no longer see").Lacks(`href="/posts/` + kept.ID + `"`)

	var f struct {
		Keywords []struct {
			ID, Keyword string
			WholeWord   bool `json:"whole_word"`
		}
	}
	app.Get("/api/v2/filters/" + filter).Into(&f)
	app.Do(servertest.Form("/api/v2/filters/keywords/"+f.Keywords[0].ID, "keyword", f.Keywords[0].Keyword, "whole_word", "false").As(http.MethodPut)).Want(http.StatusOK)
	form[5] = ""
	lea.Post(page, form...).Want(http.StatusOK)
	app.Get("/api/v2/filters/" + filter).Into(&f)
	if f.Keywords[0].WholeWord || !f.Keywords[1].WholeWord {
		t.Errorf("after saving the form as it was, the keywords are %+v", f.Keywords)
	}
	form[5] = "on"
	lea.Post(page, form...).Want(http.StatusOK)
	app.Get("/api/v2/filters/" + filter).Into(&f)
	if !f.Keywords[0].WholeWord || !f.Keywords[1].WholeWord {
		t.Errorf("after the box was ticked, the keywords are %+v", f.Keywords)
	}
}

// A page of which filters hide everything leads on, and does not say that the list is empty.
func TestAPageThatFiltersHideLeadsOn(t *testing.T) {
	_, front := siteWithFront(t)
	lea, leo := front.join("lea"), front.join("leo")
	lea.Post("/@leo/follow").Want(http.StatusOK)
	list := lea.Post("/lists", "title", "The shed").Want(http.StatusOK).URL.Path
	lea.Post(list+"/add", "name", "leo").Want(http.StatusOK)
	photo := front.photo()
	leo.PublishPhoto(photo, "caption", "A shore")
	album := strings.TrimSuffix(leo.Post("/albums", "title", "Week", "visibility", "public", "adders", "owner", "ordering", "hand").Want(http.StatusOK).URL.Path, "/add")
	for range 20 { // a page of cards
		post := leo.PublishPhoto(photo, "caption", "A spider")
		leo.Post(album+"/add", "photos", photosIn(post)[0]).Want(http.StatusOK)
	}
	lea.Post("/settings/filters", "title", "Legs", "words", "spider", "in_home", "on", "in_public", "on", "in_account", "on", "in_notifications", "on", "ends", "0", "act", "hide").Want(http.StatusOK)

	const all = "Your filters hide everything on this page."
	older := regexp.MustCompile(`rel="next"[^>]* href="([^"]+)"`)
	for _, page := range []string{"/", list} {
		first := lea.Get(page).Want(http.StatusOK).Has(all, `href="/settings/filters"`).Lacks("Nothing here yet", "A shore")
		next := older.FindStringSubmatch(first.Body)
		if next == nil {
			t.Errorf("%s does not lead on", page)
			continue
		}
		lea.Get(next[1]).Want(http.StatusOK).Has("A shore").Lacks(all)
	}
	lea.Get(album).Want(http.StatusOK).Has(all).Lacks("nothing in here")
	lea.Get("/search?q=spider").Want(http.StatusOK).Has(all).Lacks("matches “spider”")
	leo.Get("/search?q=spider").Want(http.StatusOK).Lacks(all)

	comment := lea.PublishPhoto(front.photo(), "caption", "A bridge").URL.Path
	leo.Post("/posts/"+comment[strings.LastIndexByte(comment, '/')+1:]+"/comments", "text", "Is there a spider?").Want(http.StatusOK)
	lea.Get("/notifications/comments").Want(http.StatusOK).Has(all).Lacks("Nothing of this kind yet")
}

// A page past the end of a ranked list leads back.
func TestPastTheEndOfARankedList(t *testing.T) {
	_, front := siteWithFront(t)
	front.join("lea").Get("/explore/popular?after=80").Want(http.StatusOK).Has("This is the end", `href="/explore/popular"`).Lacks("Nothing was liked")
}

// A conversation is muted from the menu of its post, without scripts; the post and a list say so, and both take it back.
func TestAConversationIsMutedOnPages(t *testing.T) {
	_, front := siteWithFront(t)
	lea, leo := front.join("lea"), front.join("leo")
	post := lea.PublishPhoto(front.photo(), "caption", "A bridge").URL.Path
	id := post[strings.LastIndexByte(post, '/')+1:]
	const list, says = "/settings/mutes/conversations", "You muted this conversation"
	lea.Get(list).Want(http.StatusOK).Has("You have not muted any conversation").Lacks(post)
	lea.Get(post).Want(http.StatusOK).Has(`action="/posts/` + id + `/mute"`).Lacks(says)
	lea.Post("/posts/" + id + "/mute").Want(http.StatusOK)
	lea.Get(post).Want(http.StatusOK).Has(says, `action="/posts/`+id+`/unmute"`, list)
	leo.Get(post).Want(http.StatusOK).Lacks(says)
	lea.Get(list).Want(http.StatusOK).Has(post, `action="/posts/`+id+`/unmute"`)
	leo.Get(list).Want(http.StatusOK).Lacks(post)
	leo.Post("/posts/"+id+"/comments", "text", "Fine").Want(http.StatusOK)
	lea.Get("/notifications").Want(http.StatusOK).Lacks("Fine")
	lea.Post("/posts/"+id+"/unmute", "return", list).Want(http.StatusOK).Lacks(post)
	lea.Get(post).Want(http.StatusOK).Lacks(says)
}

// An empty page shows photographs to begin with, and what to do next.
func TestEmptyPagesLeadOn(t *testing.T) {
	_, front := siteWithFront(t)
	lea, leo := front.join("lea"), front.join("leo")
	leo.PublishPhoto(front.photo(), "caption", "A bridge #water")
	front.join("lia")
	list := lea.Post("/lists", "title", "The shed").Want(http.StatusOK).URL.Path
	for page, button := range map[string]string{"/bookmarks": "/explore", "/likes": "/explore", "/boosts": "/explore", "/albums": "/albums/new", "/albums/yours": "/albums/new", "/notifications": "/compose", "/notifications/likes": "/notifications", "/search?q=nothing": "",
		"/@lea": "/compose", "/@lia/boosts": "", list: ""} {
		shown := lea.Get(page).Want(http.StatusOK).Has(`class="empty"`, "Newest photographs")
		if button != "" {
			shown.Has(`<a class="button" href="` + button + `"`)
		}
	}
	lea.Get("/settings/tags").Want(http.StatusOK).Has(`class="button" href="/explore/tags"`)
}
