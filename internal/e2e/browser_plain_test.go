package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// withoutScripts does what members do most with a browser that runs no scripts.
func withoutScripts(t *testing.T, site stage, files []string) {
	b := evening{browser: openBrowser(t), url: site.URL}
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.signUp(site.URL, "noscript")

	// Two photographs: the first is described, trimmed and moved behind the other. What was entered stays with each button.
	b.run(chromedp.Navigate(site.URL+"/compose"), chromedp.SetUploadFiles(chromedp.CSS(`#f-photos`), files))
	b.click(`form.pick button`, `#draft textarea[name=caption]`)
	b.run(chromedp.SendKeys(chromedp.CSS(`#draft textarea[name=caption]`), "By hand #handmade"))
	const first, second = `#photos li:nth-child(1)`, `#photos li:nth-child(2)`
	b.click(first+` a.thumb`, first+` textarea[data-description]`)
	b.run(chromedp.SendKeys(chromedp.CSS(first+` textarea[data-description]`), "A pier in fog"))
	b.run(chromedp.Click(chromedp.CSS(first + ` .nine label:has([value="1,0"])`)))
	b.click(first+` a.button[data-done]`, first+` [data-move="1"]`)
	b.click(first+` [data-move="1"]`, second+`:has(.undescribed[hidden])`)
	b.click(`#publish`, `form[action$="/comments"]`)
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	post := strings.TrimPrefix(address, site.URL)
	id := post[strings.LastIndexByte(post, '/')+1:]
	nobody := site.visitor(t)
	nobody.Sees("/api/v1/statuses/"+id, `"description":"A pier in fog"`, `"focus":{"x":0.6667,`)
	var shown struct {
		Media []struct{ Description *string } `json:"media_attachments"`
	}
	if nobody.Get("/api/v1/statuses/" + id).Want(200).Into(&shown); len(shown.Media) != 2 || shown.Media[0].Description != nil {
		t.Errorf("the order is %+v", shown.Media)
	}

	for _, act := range []string{"like", "boost", "bookmark"} {
		b.click(`form[action="/posts/`+id+`/`+act+`"] button`, `form[action="/posts/`+id+`/un`+act+`"] button`)
	}
	b.fill("text", "Nobody saw the boats")
	b.run(chromedp.Click(chromedp.CSS(`#comment button`)))
	b.shows("Nobody saw the boats")
	b.run(chromedp.Navigate(site.URL + "/posts/" + id + "/edit"))
	b.fill("caption", "By hand, later #handmade")
	b.click(`#publish`, `form[action$="/comments"]`)
	b.shows("By hand, later")
	b.visit("/bookmarks")
	b.run(chromedp.WaitVisible(chromedp.CSS(`main a[href="` + post + `"]`)))

	b.run(chromedp.Navigate(site.URL + "/@dora"))
	b.click(`form[action="/@dora/follow"] button`, `form[action="/@dora/unfollow"] button`)
	b.shot("profile-noscript-390")
	b.run(chromedp.Navigate(site.URL + "/search"))
	b.fill("q", "handmade")
	b.click(`form.search button`, `main a[href="`+post+`"]`)

	b.visit("/albums/new")
	b.fill("title", "Piers by hand")
	b.click(`form[action="/albums"] button.button`, `form[action$="/add"] button.button`)
	b.run(chromedp.Navigate(site.URL + "/posts/" + id + "/albums"))
	b.click(`form[action="/posts/`+id+`/albums"] button.button`, `main a[href$="/edit"]`)
	nobody.Sees("/@noscript/albums", "Piers by hand")
	b.visit("/settings/profile")
	b.fill("display_name", "Nora by hand")
	b.click(`form[action="/settings/profile"] button.button`, `p[role=status]`)
	nobody.Sees("/@noscript", "Nora by hand")
}
