package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// What other sites embed of a post is what everybody may see of it, whoever asks.
func TestOEmbed(t *testing.T) {
	site := start(t)
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	open := m.PublishPhoto(photoParts("a.jpg")[0].Data, "caption", "Fog on the ridge")
	warned := m.PublishPhoto(photoParts("b.jpg")[0].Data, "caption", "Eight legs", "warning", "Spiders")
	secret := m.PublishPhoto(photoParts("c.jpg")[0].Data, "caption", "For friends", "visibility", "followers")
	embed := func(c *servertest.Client, of servertest.Answer, more string) servertest.Answer {
		return c.Get("/oembed?url=" + url.QueryEscape(site.URL+of.URL.Path) + more)
	}
	type embedded struct {
		Type, Title, URL string
		AuthorName       string `json:"author_name"`
		Width            int
	}
	var e embedded
	visitor := servertest.NewClient(t, site.URL)
	embed(visitor, open, "").Want(http.StatusOK).Into(&e)
	if e.Type != "photo" || e.Title != "Fog on the ridge" || e.AuthorName == "" || e.Width != 300 {
		t.Errorf("the open post embeds as %+v", e)
	}
	visitor.Get(strings.TrimPrefix(e.URL, site.URL)).Want(http.StatusOK)
	visitor.Get("/oembed?url=" + url.QueryEscape(strings.Replace(strings.ToUpper(site.URL), ".1:", ".1.:", 1)+open.URL.Path)).Want(http.StatusOK)
	embed(visitor, warned, "").Want(http.StatusOK).Has(`"type":"link"`).Lacks("Eight legs", "/media/")
	for _, c := range []*servertest.Client{visitor, m} {
		embed(c, secret, "").Want(http.StatusNotFound).Lacks("For friends")
	}
	embed(visitor, open, "&format=xml").Want(http.StatusNotImplemented)
	embed(visitor, open, "&maxwidth=10").Want(http.StatusOK).Has(`"type":"link"`)
	visitor.Get("/oembed?url=" + url.QueryEscape("https://elsewhere.example/@ada/1")).Want(http.StatusNotFound)
	visitor.Get("/oembed").Want(http.StatusNotFound)
	visitor.Get(open.URL.Path).Want(http.StatusOK).Has(`type="application/json+oembed"`)
	m.Get(secret.URL.Path).Want(http.StatusOK).Lacks("json+oembed", "data-share")
}

// A post's neighbours are those that the reader may see, and who likes it has a page.
func TestNeighboursAndLikes(t *testing.T) {
	site := start(t)
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	var posts []servertest.Answer
	for i, visibility := range []string{"public", "followers", "public"} {
		posts = append(posts, m.PublishPhoto(photoParts("a.jpg", "b.jpg", "c.jpg")[i].Data, "caption", "A hill", "visibility", visibility))
	}
	link := func(i int) string { return `href="` + posts[i].URL.Path + `"` }
	visitor := servertest.NewClient(t, site.URL)
	visitor.Get(posts[0].URL.Path).Want(http.StatusOK).Has(`aria-label="Newer" rel="prev" ` + link(2)).Lacks(link(1))
	m.Get(posts[0].URL.Path).Want(http.StatusOK).Has(`aria-label="Newer" rel="prev" ` + link(1))
	visitor.Get(posts[2].URL.Path).Want(http.StatusOK).Has(`aria-label="Older" rel="next" `+link(0), `aria-disabled="true"`)

	ben := servertest.NewClient(t, site.URL).SignUp("ben")
	ben.Post("/posts/" + posts[0].URL.Path[strings.LastIndex(posts[0].URL.Path, "/")+1:] + "/like").Want(http.StatusOK)
	visitor.Get(posts[0].URL.Path).Want(http.StatusOK).Has(posts[0].URL.Path + "/likes")
	visitor.Get(posts[0].URL.Path + "/likes").Want(http.StatusOK).Has("/@ben")
	visitor.Get(posts[1].URL.Path + "/likes").Want(http.StatusNotFound)
	ben.Post("/@ada/block").Want(http.StatusOK)
	m.Get(posts[0].URL.Path + "/likes").Want(http.StatusOK).Lacks("/@ben")
}
