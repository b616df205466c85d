package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/hostname"
	"tintype/internal/store"
	"tintype/templates"
)

// pasted are how the paths begin of pages that people send each other.
var pasted = []string{"/@", "/posts/", "/tags/", "/albums/"}

// pastedAddress is the path with what leads to a comment of the page: its fragment, and where its part of the comments begins.
func pastedAddress(path, query string) string {
	to := url.URL{Path: path}
	if given, err := url.Parse(query); err == nil {
		to.Fragment = given.Fragment
		if after := given.Query().Get("after"); after != "" {
			to.RawQuery = url.Values{"after": {after}}.Encode()
		}
	}
	return to.String()
}

// search shows what is found: people and tags by the beginning of their names, above the first page of photographs.
func (p *Pages) search(c *gin.Context) error {
	query, skip := strings.TrimSpace(c.Query("q")), skipped(c)
	pg, err := p.page(c, p.lang(c).T("Search"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	if path, ok := hostname.Local(query, p.BaseURL); ok && slices.ContainsFunc(pasted, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
		return redirect(c, pastedAddress(path, query)) // somebody was sent it
	}
	view := templates.SearchView{Query: query}
	if query == "" {
		return p.render(c, http.StatusOK, templates.SearchPage(pg, view))
	}
	ctx, b, status := c.Request.Context(), p.viewBuilder(c), http.StatusOK
	posts, err := p.Community.SearchPosts(ctx, viewer(c), community.PostSearch{Text: query, Skip: skip, Cursor: community.Cursor{Limit: gridLimit}})
	var wrong *community.Invalid
	switch {
	case errors.As(err, &wrong):
		view.Error, status = wrong.Fields[0].Say(p.lang(c)), http.StatusUnprocessableEntity
	case err != nil:
		return err
	default:
		view.Found = foundIn(query, posts, b)
		view.Grid = templates.GridView{Posts: b.postViews(posts, false), Pager: skipPager(c, skip, len(posts), gridLimit)}
		view.Grid.Pager.AllHidden = allHidden(posts)
	}
	if skip == 0 {
		if err := p.searchNames(c, query, &view); err != nil {
			return err
		}
	}
	elsewhere := strings.Contains(query, "://") // what is newest here has nothing to do with it
	if len(posts) == 0 && skip == 0 && len(view.People) == 0 && len(view.Tags) == 0 && !elsewhere {
		if view.Newest, err = p.newest(c, b); err != nil {
			return err
		}
	}
	return p.render(c, status, templates.SearchPage(pg, view))
}

func (p *Pages) searchNames(c *gin.Context, query string, view *templates.SearchView) error {
	ctx := c.Request.Context()
	var people []*store.Account
	var err error
	if strings.HasPrefix(query, "@") {
		query = "@" + p.Community.LocalName(query)
	}
	if !strings.HasPrefix(query, "#") {
		if people, err = p.Community.SearchAccounts(ctx, viewer(c), community.AccountSearch{Text: query, Limit: 20}); err != nil {
			return err
		}
	}
	if view.People, err = p.personViews(c, people); err != nil {
		return err
	}
	if strings.HasPrefix(query, "@") {
		return nil
	}
	tags, err := p.Community.SearchTags(ctx, viewer(c), query, 20)
	for _, t := range tags {
		view.Tags = append(view.Tags, templates.TagCount{Name: t.Name, URL: "/tags/" + url.PathEscape(t.Name)})
	}
	return err
}
