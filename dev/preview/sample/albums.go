package sample

import (
	"fmt"

	"github.com/a-h/templ"

	t "tintype/templates"
)

// album is one as others see it.
func album(n int, title string) t.AlbumView {
	return t.AlbumView{ID: fmt.Sprint(900 + n), URL: fmt.Sprintf("/albums/%d", 900+n), Title: title, Text: "<p>By the first train to the lake, and home on foot.</p>", Owner: Post(n, 1).Author, Visibility: "public", Adders: "owner", ByHand: true}
}

// items are photos of an album; one of them stands under a warning.
func items(n int) []t.AlbumItemView {
	out := make([]t.AlbumItemView, n)
	for i, post := range Posts(0, n) {
		out[i] = t.AlbumItemView{Post: post, Photo: post.Photos[0], URL: "/albums/900/photos/" + post.Photos[0].ID}
	}
	return out
}

func albumCards(n int) []t.AlbumCardView {
	titles := []string{"An outing to the lake", "Fog", "A title that is so long that it goes over several lines of a card, as some of them do", "Theme of November: hands", Hostile}
	out := make([]t.AlbumCardView, n)
	for i, item := range items(n) {
		a := album(i, titles[i%len(titles)])
		switch i % 5 {
		case 1:
			a.Visibility = "followers"
		case 2:
			a.Visibility, a.Adders = "invited", "invited"
		case 3:
			a.Visibility, a.Adders, a.LastDay = "members", "members", "30 Nov 2026"
		case 4:
			a.Adders, a.LastDay, a.Over = "members", "31 Oct 2026", true
		}
		out[i] = t.AlbumCardView{AlbumView: a}
		if i != 6 {
			out[i].Cover = &item
		}
	}
	return out
}

func albums(add adder) {
	add("/albums", "Albums", true, func(p *t.Page) templ.Component {
		return t.AlbumsPage(p, t.AlbumsView{Kind: t.AlbumsAll, Albums: albumCards(14), Pager: t.Pager{OlderURL: "/albums"}})
	})
	add("/albums/visitor", "Albums, visitor", false, func(p *t.Page) templ.Component {
		return t.AlbumsPage(p, t.AlbumsView{Kind: t.AlbumsAll, Albums: albumCards(3)})
	})
	add("/albums/yours", "Your albums, none", true, func(p *t.Page) templ.Component {
		return t.AlbumsPage(p, t.AlbumsView{Kind: t.AlbumsYours, Newest: Posts(0, 12)})
	})
	add("/albums/of", "Albums of somebody", true, func(p *t.Page) templ.Component {
		return t.AlbumsPage(p, t.AlbumsView{Kind: t.AlbumsOf, Owner: Post(0, 1).Author, Albums: albumCards(6)})
	})
	view := func(own bool) t.AlbumPageView {
		a := album(0, "An outing to the lake")
		a.Adders, a.LastDay, a.Own, a.MayAdd, a.Invited = "invited", "30 Nov 2026", own, own, !own
		return t.AlbumPageView{Album: a, Items: items(22), Total: 62, Pager: t.Pager{OlderURL: "/album"}, SlidesURL: "/album/slide", ShareURL: "https://example.org/albums/900"}
	}
	add("/album", "Album, own", true, func(p *t.Page) templ.Component { return t.AlbumPage(p, view(true)) })
	add("/album/invited", "Album, invited", true, func(p *t.Page) templ.Component { return t.AlbumPage(p, view(false)) })
	add("/album/visitor", "Album, visitor", false, func(p *t.Page) templ.Component {
		v := view(false)
		v.Album.Invited, v.Pager = false, t.Pager{}
		return t.AlbumPage(p, v)
	})
	add("/album/empty", "Album, empty", true, func(p *t.Page) templ.Component {
		v := view(true)
		v.Items, v.Total, v.Pager, v.SlidesURL = nil, 0, t.Pager{}, ""
		return t.AlbumPage(p, v)
	})
	slide := t.AlbumSlideView{Album: album(0, "An outing to the lake"), Item: items(1)[0], Place: 2, Total: 62, Previous: "/album/slide?1", Next: "/album/slide?3", AlbumURL: "/album", MayRemove: true}
	add("/album/slide", "Album, slideshow", true, func(p *t.Page) templ.Component { return t.AlbumSlidePage(p, slide) })
	add("/album/slide/covered", "Album, slideshow, covered", true, func(p *t.Page) templ.Component {
		v := slide
		v.Item.Post.Warning, v.Item.Post.Covered, v.Item.Post.ShowURL = "Spiders, close up", true, "/album/slide"
		return t.AlbumSlidePage(p, v)
	})
	add("/album/remove", "Album, remove a photograph", true, func(p *t.Page) templ.Component { return t.AlbumRemovePage(p, slide) })
	add("/album/new", "Album, new, refused", true, func(p *t.Page) templ.Component {
		return t.AlbumEditPage(p, t.AlbumEditView{Action: "/albums", Visibility: "public", Adders: "members", Ordering: "hand", LastDay: "", TitleMax: 100, TextMax: 2000,
			Errors: t.FieldErrors{{Field: "title", Message: "An album needs a title."}}})
	})
	add("/album/edit", "Album, edit", true, func(p *t.Page) templ.Component {
		a := album(0, "An outing to the lake")
		return t.AlbumEditPage(p, t.AlbumEditView{Album: &a, Action: "/albums/900/edit", Title: a.Title, Visibility: "followers", Adders: "invited", Ordering: "oldest", LastDay: "2026-11-30",
			TitleMax: 100, TextMax: 2000, Invited: []t.AccountView{Post(1, 1).Author, Post(2, 1).Author}, Name: "nobody", Errors: t.FieldErrors{{Field: "name", Message: "There is nobody by that name."}}})
	})
	add("/album/arrange", "Album, arrange", true, func(p *t.Page) templ.Component {
		return t.AlbumArrangePage(p, t.AlbumArrangeView{Album: album(0, "An outing to the lake"), Items: items(9), Pager: t.Pager{OlderURL: "/album/arrange"}})
	})
	add("/album/add", "Album, add", true, func(p *t.Page) templ.Component {
		return t.AlbumAddPage(p, t.AlbumAddView{Album: album(0, "An outing to the lake"), Items: items(14), Chosen: map[string]bool{items(2)[1].Photo.ID: true}, KeptOriginals: true, Pager: t.Pager{OlderURL: "/album/add"}})
	})
	add("/post/albums", "Post, add to an album", true, func(p *t.Page) templ.Component {
		return t.PostAlbumsPage(p, t.PostAlbumsView{Post: Post(2, 4), Albums: []t.AlbumView{album(0, "An outing to the lake"), album(1, Hostile)}, Album: "900", Chosen: map[string]bool{}, KeptOriginals: true})
	})
	download := func(state t.AlbumDownloadState) func(p *t.Page) templ.Component {
		return func(p *t.Page) templ.Component {
			return t.AlbumDownloadPage(p, t.AlbumDownloadView{Album: album(0, "An outing to the lake"), State: state, Done: 20, Total: 62, FileURL: "/downloads/1", Size: "184 MB",
				Until: "30 Nov 2026, 15:04 UTC", KeptOriginals: true})
		}
	}
	add("/album/download", "Album, download", true, download(t.DownloadNone))
	add("/album/download/making", "Album, download, being made", true, download(t.DownloadMaking))
	add("/album/download/ready", "Album, download, ready", true, download(t.DownloadReady))
	add("/album/download/failed", "Album, download, failed", true, download(t.DownloadFailed))
	add("/album/delete", "Album, delete", true, func(p *t.Page) templ.Component {
		return t.AlbumDeletePage(p, t.AlbumDeleteView{Album: album(0, Hostile)})
	})
}
