package servertest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// An Author is a member whose one public post is looked for.
type Author struct {
	Site    string // its address
	Name    string
	Account string // the id of the account
	Post    string // the path of the post's page
	Tag     string // of the post, and of no other
	Words   string // in the post, and in no other
	Search  string // what finds the post
}

// Places are where what an author has posted may be read.
type Places struct {
	ByAddress  []string // of the author's own: there is no such page once the author is hidden
	Pages      []string // of the site, on which the author may stand
	API        []string // lists of the API on which the author may stand
	ForMembers []string // such lists that take an account
}

// Lists are all that show to whom nobody asked for.
func (p Places) Lists() []string { return slices.Concat(p.Pages, p.API) }

// Places are where the author may be read.
func (a Author) Places() Places {
	id := a.Post[strings.LastIndexByte(a.Post, '/')+1:]
	beginning := a.Name[:len(a.Name)-1] // the whole name asks for one account
	return Places{
		ByAddress: []string{"/@" + a.Name, a.Post, a.Post + "/1", "/@" + a.Name + ".atom", "/@" + a.Name + "/followers", "/posts/" + id, a.Post + "/likes",
			"/api/v1/accounts/lookup?acct=" + a.Name, "/api/v1/accounts/" + a.Account, "/api/v1/accounts/" + a.Account + "/statuses", "/api/v1/statuses/" + id, "/api/v1/statuses/" + id + "/context",
			"/oembed?url=" + url.QueryEscape(a.Site+a.Post)},
		Pages:      []string{"/", "/explore", "/explore/popular", "/tags/" + a.Tag, "/tags/" + a.Tag + ".atom", "/people", "/people/new", "/search?q=" + url.QueryEscape(a.Search), "/search?q=" + a.Name, "/sitemap.xml"},
		API:        []string{"/api/v1/timelines/public?limit=40", "/api/v1/timelines/tag/" + a.Tag, "/api/v1/trends/statuses", "/api/v1/directory?local=true"},
		ForMembers: []string{"/api/v2/search?q=" + url.QueryEscape(a.Search), "/api/v2/search?q=" + url.QueryEscape("#"+a.Tag), "/api/v2/search?q=" + beginning + "&type=accounts", "/api/v1/timelines/home"},
	}
}

// Hidden reports whether an answer tells nothing of the author. Answers of servers in trouble prove nothing. The post's own page may
// repeat its address.
func (a Author) Hidden(got Answer) bool {
	if got.Err != nil || got.Status >= 500 || got.HoldsAny(a.Words, "/@"+a.Name+`"`, `"acct":"`+a.Name+`"`) {
		return false
	}
	return strings.HasPrefix(got.URL.Path, a.Post) || !got.Holds(a.Post)
}

// Gone reports whether an answer is that there is no such thing, and tells nothing of the author.
func (a Author) Gone(got Answer) bool { return got.Status == http.StatusNotFound && a.Hidden(got) }

// Shown reports whether an answer has the author's post.
func (a Author) Shown(got Answer) bool { return got.Status == http.StatusOK && got.Holds(a.Words) }
