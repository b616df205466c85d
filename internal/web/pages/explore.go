package pages

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

const (
	peopleLimit  = 24 // with three photos each
	welcomeLimit = 8
	welcomeTags  = 12
)

// skipped is how many rows of a ranked list its earlier pages have.
func skipped(c *gin.Context) int {
	n, err := strconv.Atoi(c.Query("after"))
	if err != nil || n < 0 {
		return 0
	}
	return min(n, community.MaxDirectory)
}

// skipPager is the pager of a ranked list, of which n of at most limit rows are shown.
func skipPager(c *gin.Context, skip, n, limit int) templates.Pager {
	if n == 0 && skip > 0 {
		return past(c)
	}
	link := func(after int) string {
		q := c.Request.URL.Query()
		q.Del("show")
		q.Set("after", strconv.Itoa(after))
		if after == 0 {
			q.Del("after")
		}
		if len(q) == 0 {
			return c.Request.URL.Path
		}
		return c.Request.URL.Path + "?" + q.Encode()
	}
	var out templates.Pager
	if n == limit {
		out.OlderURL = link(skip + limit)
	}
	if skip > 0 {
		out.NewerURL = link(max(skip-limit, 0))
	}
	return out
}

func (p *Pages) popular(c *gin.Context) error {
	pg, err := p.page(c, p.lang(c).T("Popular this week"))
	if err != nil {
		return err
	}
	skip := skipped(c)
	posts, err := p.Community.PopularPosts(c.Request.Context(), viewer(c), skip, gridLimit)
	if err != nil {
		return err
	}
	pg.Canonical = p.BaseURL + "/explore/popular"
	pg.Description = pg.T("The photographs on %s that people liked this week.", p.site(c).Name)
	b := p.viewBuilder(c)
	view := templates.ExploreView{
		Kind: templates.ExplorePopular,
		Grid: templates.GridView{Posts: b.postViews(posts, false), Pager: skipPager(c, skip, len(posts), gridLimit)},
	}
	view.Grid.Pager.AllHidden = allHidden(posts)
	if view.Grid.Newest, err = p.newestWhere(c, b, posts, view.Grid.Pager); err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.ExplorePage(pg, view))
}

func (p *Pages) usedTags(c *gin.Context) error {
	pg, err := p.page(c, p.lang(c).T("Tags"))
	if err != nil {
		return err
	}
	tags, err := p.tagViews(c, 80)
	if err != nil {
		return err
	}
	pg.Canonical = p.BaseURL + "/explore/tags"
	pg.Description = pg.T("The tags of photographs on %s.", p.site(c).Name)
	return p.render(c, http.StatusOK, templates.ExplorePage(pg, templates.ExploreView{Kind: templates.ExploreTags, Tags: tags}))
}

// tagViews are the tags that are used most, each with a photo.
func (p *Pages) tagViews(c *gin.Context, limit int) ([]templates.TagView, error) {
	tags, err := p.Community.UsedTags(c.Request.Context(), viewer(c), 0, limit, true)
	if err != nil {
		return nil, err
	}
	b := p.viewBuilder(c)
	out := make([]templates.TagView, len(tags))
	for i, t := range tags {
		out[i] = templates.TagView{Tag: t.Name, URL: "/tags/" + url.PathEscape(t.Name), Posts: t.Uses}
		if t.Cover != nil {
			cover := b.postView(t.Cover, false)
			out[i].Cover = &cover
		}
	}
	return out, nil
}

func (p *Pages) activePeople(c *gin.Context) error { return p.directory(c, community.DirectoryActive) }
func (p *Pages) newPeople(c *gin.Context) error    { return p.directory(c, community.DirectoryNew) }

func (p *Pages) directory(c *gin.Context, order community.DirectoryOrder) error {
	pg, err := p.page(c, p.lang(c).T("People"))
	if err != nil {
		return err
	}
	skip := skipped(c)
	accounts, err := p.Community.Directory(c.Request.Context(), viewer(c), order, skip, peopleLimit)
	if err != nil {
		return err
	}
	people, err := p.withPhotos(c, accounts)
	if err != nil {
		return err
	}
	pg.Canonical = p.BaseURL + "/people"
	pg.Description = pg.T("The members of %s.", p.site(c).Name)
	return p.render(c, http.StatusOK, templates.ExplorePage(pg, templates.ExploreView{
		Kind: templates.ExplorePeople, People: people, New: order == community.DirectoryNew, Pager: skipPager(c, skip, len(accounts), peopleLimit),
	}))
}

// withPhotos makes rows of people, each with three of their newest photos.
func (p *Pages) withPhotos(c *gin.Context, accounts []*store.Account) ([]templates.PersonView, error) {
	people, err := p.personViews(c, accounts)
	if err != nil {
		return nil, err
	}
	newest, err := p.Community.NewestOf(c.Request.Context(), viewer(c), accounts, 3)
	if err != nil {
		return nil, err
	}
	b := p.viewBuilder(c)
	for i, a := range accounts {
		people[i].Photos = b.postViews(newest[a.ID], false)
	}
	return people, nil
}

var whySuggested = map[string]string{
	community.SuggestedFamiliar: lang.Key("Followed by people you follow"),
	community.SuggestedNew:      lang.Key("New here"),
}

// welcome is what a short feed shows besides.
func (p *Pages) welcome(c *gin.Context, acc *store.Account) (*templates.WelcomeView, error) {
	suggestions, err := p.Community.Suggestions(c.Request.Context(), acc, welcomeLimit)
	if err != nil {
		return nil, err
	}
	accounts := make([]*store.Account, len(suggestions))
	for i, s := range suggestions {
		accounts[i] = s.Account
	}
	v := &templates.WelcomeView{Steps: acc.PostsCount == 0, Picture: acc.AvatarPhotoID != nil}
	if v.People, err = p.withPhotos(c, accounts); err != nil {
		return nil, err
	}
	for i, s := range suggestions {
		v.People[i].Relation.Reload = true
		if why := whySuggested[s.Source]; why != "" {
			v.People[i].Why = p.lang(c).T(why)
		}
	}
	if v.Steps {
		v.Tags, err = p.tagViews(c, welcomeTags)
	}
	return v, err
}
