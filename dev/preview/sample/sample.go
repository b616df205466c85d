// Package sample fills the pages' view models with made-up people and pictures, for the preview and for tests.
package sample

import (
	"fmt"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"tintype/templates"
)

// Page is one page to look at.
type Page struct {
	Path  string // where the preview serves it
	Title string
	Make  func(templates.Assets) templ.Component
	// With is Make with a change of what all pages have in common.
	With func(a templates.Assets, change func(*templates.Page)) templ.Component
}

var now = time.Date(2026, 11, 21, 13, 58, 0, 0, time.UTC)

// Shapes are the pictures' sizes: every common ratio, and the extremes of the grid.
var Shapes = [][2]int{
	{6000, 4000}, {4000, 6000}, {4032, 3024}, {3024, 4032}, {5000, 5000}, {5760, 3240}, {7000, 2000}, {2000, 5000},
	{4000, 2667}, {3000, 3750}, {6000, 3376}, {4500, 3000}, {1200, 1600}, {640, 480},
}

var colors = [][2]string{
	{"#8fa3b5", "#3d4a3f"}, {"#c9b8a0", "#5a4632"}, {"#2b3540", "#0f1412"}, {"#e0e4e6", "#a9b0ad"},
	{"#b07a5a", "#4b2c22"}, {"#6f8f7a", "#24342b"}, {"#d9c7c9", "#7a5560"},
}

// Photo is the nth picture of a post.
func Photo(n int, post string) templates.PhotoView {
	s := Shapes[n%len(Shapes)]
	c := colors[n%len(colors)]
	p := templates.PhotoView{
		ID: fmt.Sprintf("%s%02d", post, n), Width: s[0], Height: s[1], ColorTop: c[0], ColorBottom: c[1],
		Alt: fmt.Sprintf("Hills under a low sun, picture %d", n), Described: n%3 != 2,
		SquareURL: fmt.Sprintf("/pic/%d/400s.jpg", n),
	}
	for _, w := range []int{320, 640, 960, 1280, 1920, 2560} {
		if w <= s[0] {
			p.Sources = append(p.Sources, templates.Source{URL: fmt.Sprintf("/pic/%d/%d.jpg", n, w), Width: w})
		}
	}
	if n%2 == 0 {
		p.Exposure = &templates.Exposure{FocalLength: "35 mm", Aperture: "f/1.8", Shutter: "1/250 s", ISO: "ISO 100", Camera: "Fujifilm X-T5", Lens: "XF 23mm F1.4 R LM WR", Taken: "21 Nov 2026, 13:58"}
	}
	return p
}

var people = []templates.AccountView{
	{ID: "1", Name: "ada", DisplayName: "Ada Lindqvist", URL: "/@ada", AvatarURL: "/pic/4/400s.jpg"},
	{ID: "2", Name: "marguerite_de_la_fontaine_30x", DisplayName: "Marguerite de La Fontaine-Boué", URL: "/@marguerite_de_la_fontaine_30x", Locked: true},
	{ID: "3", Name: "jo", DisplayName: "Jo", URL: "/@jo", AvatarURL: "/pic/1/400s.jpg"},
}

const long = `<p>On the ridge before <a href="/tags/dawn">#dawn</a>, with <a href="/@jo">@jo</a> and too little coffee. The fog came up from the valley in one long breath, stood for a quarter of an hour, and was gone before anybody had found a tripod.</p><p>Nous avons attendu longtemps que la lumière revienne ; elle n'est revenue que pour nous dire adieu. Ce n'est pas grave : la prochaine fois, nous partirons plus tôt encore, et quelqu'un pensera au café.</p><p>Everything here was taken within ten minutes.</p>`

// Post is the nth post, with so many photos.
func Post(n, photos int) templates.PostView {
	a := people[n%len(people)]
	id := strconv.Itoa(115000 + n)
	p := templates.PostView{
		ID: id, URL: a.URL + "/" + id, Author: a, Created: templates.When{At: now.Add(-time.Duration(n) * 7 * time.Hour)},
		Visibility: "public", Caption: `<p>Fog on the ridge. <a href="/tags/dawn">#dawn</a></p>`,
		Boostable: true, Boosts: n % 3, Boosted: n%7 == 3, Likes: n * 7 % 40, Comments: n % 5, Liked: n%4 == 1, Bookmarked: n%5 == 2, LicenceName: "CC BY 4.0", LicenceURL: "https://creativecommons.org/licenses/by/4.0/",
	}
	for i := range photos {
		ph := Photo(n+i, id)
		ph.LightboxURL = fmt.Sprintf("%s/%d", p.URL, i+1)
		p.Photos = append(p.Photos, ph)
	}
	return p
}

// Posts are some posts from the nth: the third has four photos, the fifth is under a warning.
func Posts(first, count int) []templates.PostView {
	var posts []templates.PostView
	for n := first; n < first+count; n++ {
		p := Post(n, 1)
		switch n % 12 {
		case 2:
			p = Post(n, 4)
			p.Caption, p.CaptionCut = long, true
			p.Visibility, p.Boostable = "followers", false
		case 4:
			p.Warning, p.Covered, p.ShowURL = "Spiders, close up", true, "?show="+p.ID
		case 3:
			p.Booster = &people[(n+1)%len(people)]
		case 6:
			p.Visibility, p.Edited, p.Comments, p.Likes = "unlisted", true, 12345, 98765
		}
		posts = append(posts, p)
	}
	return posts
}

func base(a templates.Assets, path string, member bool) *templates.Page {
	p := &templates.Page{
		Title: "Preview", Description: "A sample page.", Canonical: "http://localhost" + path, Path: path, RequestID: "01JD8Q2K4W", Assets: a,
		Site: templates.Site{Name: "Vidblick Camera Club", Description: "Photographs by the members of a camera club between two lakes. Founded in 1954, still meeting on Thursdays.", Contact: "club@example.org", RegistrationOpen: true, SourceURL: "https://example.org/tintype"},
	}
	if member {
		p.Viewer = &templates.Viewer{Name: "jo", DisplayName: "Jo", AvatarURL: "/pic/1/400s.jpg", Admin: true, Unread: 3, Theme: "system", Letters: true}
	}
	return p
}

func relation(n int) templates.RelationView {
	return templates.RelationView{Account: people[n], Own: n == 2, Following: n == 0, FollowsYou: n == 1}
}

func persons() []templates.PersonView {
	return []templates.PersonView{
		{Account: people[0], Bio: "Mostly fog. Sometimes the lake under it.", Relation: relation(0), CanRemove: true},
		{Account: people[1], Bio: "", Relation: relation(1)},
		{Account: people[2], Bio: "Here since the beginning.", Relation: relation(2)},
	}
}

func licences() []templates.Option {
	return []templates.Option{{Value: "", Label: "All rights reserved"}, {Value: "by", Label: "CC BY 4.0"}, {Value: "by-sa", Label: "CC BY-SA 4.0"}}
}

// suggested are people to follow, with their newest photographs.
func suggested() []templates.PersonView {
	all := persons()[:2]
	for i := range all {
		all[i].CanRemove, all[i].Relation = false, templates.RelationView{Account: people[i], Reload: true}
		all[i].Why, all[i].Photos = "Followed by whom you follow", Posts(3*i, 3)
	}
	return all
}

func tagged() []templates.TagView {
	var all []templates.TagView
	for i, name := range []string{"dawn", "lake", "harbour", "film", "foggymorninginthevalley"} {
		cover := Post(i, 1)
		tag := templates.TagView{Tag: name, URL: "/tags/" + name, Posts: 40 - 7*i, Cover: &cover}
		if i == 3 {
			tag.Cover = nil
		}
		all = append(all, tag)
	}
	return all
}
