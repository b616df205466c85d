package pages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerFilters(r Routes) {
	r.Personal(http.MethodGet, "/settings/filters", p.member(p.filters))
	r.Personal(http.MethodPost, "/settings/filters", p.member(p.makeFilter))
	r.Personal(http.MethodGet, "/settings/filters/:id", p.member(p.filterForm))
	r.Personal(http.MethodPost, "/settings/filters/:id", p.member(p.editFilter))
	r.Personal(http.MethodPost, "/settings/filters/:id/delete", p.member(p.goneOnce(p.deleteFilter, leads("", "/settings/filters"))))
}

// filterPlaces are the words for contexts of filters.
var filterPlaces = map[community.FilterContext]string{
	community.FilterHome: lang.Key("Home and lists"), community.FilterNotifications: lang.Key("Notifications"), community.FilterPublic: lang.Key("Explore, tags and search"),
	community.FilterThread: lang.Key("Comments"), community.FilterAccount: lang.Key("Profiles"),
}

const (
	endsNever  = "0"
	endsAsItIs = "as-it-is"
)

// filterTimes are the choices of how long a filter works, in hours.
var filterTimes = []templates.Option{{Value: endsNever, Label: lang.Key("Until I delete it")}, {Value: "24", Label: lang.Key("A day")}, {Value: "168", Label: lang.Key("A week")}, {Value: "720", Label: lang.Key("30 days")}}

func emptyFilterForm(l *lang.Language) templates.FilterForm {
	f := templates.FilterForm{URL: "/settings/filters", Whole: true, Ends: endsNever, EndsIn: said(l, filterTimes), TitleMax: community.MaxFilterTitle}
	for _, in := range community.FilterContexts {
		f.Places = append(f.Places, templates.FilterPlace{Name: string(in), Label: l.T(filterPlaces[in]), On: true})
	}
	return f
}

// typedFilter is the form as it was sent.
func typedFilter(c *gin.Context, f templates.FilterForm) templates.FilterForm {
	f.Title, f.Words, f.Whole, f.Hide, f.Ends = c.PostForm("title"), c.PostForm("words"), on(c, "whole"), c.PostForm("act") == "hide", c.PostForm("ends")
	f.Posts = slices.Clone(f.Posts)
	for i := range f.Posts {
		f.Posts[i].Drop = on(c, "drop_"+f.Posts[i].ID)
	}
	f.Places = slices.Clone(f.Places)
	for i := range f.Places {
		f.Places[i].On = on(c, "in_"+f.Places[i].Name)
	}
	return f
}

func formOf(l *lang.Language, f *community.Filter) templates.FilterForm {
	form := emptyFilterForm(l)
	form.URL, form.Title, form.Hide = "/settings/filters/"+idText(f.ID), f.Title, f.Hide
	for i := range form.Places {
		form.Places[i].On = slices.Contains(f.Contexts, community.FilterContext(form.Places[i].Name))
	}
	var words []string
	for _, k := range f.Keywords {
		words = append(words, k.Keyword)
	}
	form.Words, form.Whole = strings.Join(words, "\n"), wholeWords(f)
	if f.ExpiresAt != nil {
		form.Ends = endsAsItIs
		form.EndsIn = append([]templates.Option{{Value: endsAsItIs, Label: endText(l, f)}}, said(l, filterTimes)...)
	}
	return form
}

// wholeWords reports whether all keywords of the filter are looked for as whole words.
func wholeWords(f *community.Filter) bool {
	return !slices.ContainsFunc(f.Keywords, func(k community.FilterKeyword) bool { return !k.WholeWord })
}

// filterPosts are the posts that the filter names, by whom they are and of when: their words are what the filter keeps away.
func (p *Pages) filterPosts(c *gin.Context, acc *store.Account, f *community.Filter) ([]templates.FilterPostView, error) {
	l, found := p.lang(c), map[int64]*community.Post{}
	var ids []int64
	for _, named := range f.Posts {
		ids = append(ids, named.PostID)
	}
	for some := range slices.Chunk(ids, gridLimit) {
		posts, err := p.Community.PostsByID(c.Request.Context(), acc, some)
		if err != nil {
			return nil, err
		}
		for _, post := range posts {
			found[post.ID] = post
		}
	}
	var out []templates.FilterPostView
	for _, named := range f.Posts {
		v := templates.FilterPostView{ID: idText(named.ID), Words: l.T("A post that you can no longer see")}
		if post := found[named.PostID]; post != nil {
			v.URL, v.Words = "/posts/"+idText(post.ID), "@"+post.Author.Username+", "+l.Date(post.CreatedAt.Time(), "2 Jan 2006")
		}
		out = append(out, v)
	}
	return out, nil
}

func endText(l *lang.Language, f *community.Filter) string {
	at := l.Date(f.ExpiresAt.Time(), "2 Jan 2006, 15:04") + " UTC"
	if f.Over() {
		return l.T("Ended %s", at)
	}
	return l.T("Until %s", at)
}

// filterChange is what the form wants of a filter, nil for a new one.
func filterChange(form templates.FilterForm, was *community.Filter) community.FilterChange {
	o := community.FilterChange{Title: &form.Title, Hide: &form.Hide, Contexts: []community.FilterContext{}}
	for _, place := range form.Places {
		if place.On {
			o.Contexts = append(o.Contexts, community.FilterContext(place.Name))
		}
	}
	if form.Ends != endsAsItIs {
		hours, err := strconv.Atoi(form.Ends)
		if err != nil {
			hours = -1
		}
		ends := time.Duration(max(-1, min(hours, 1<<20))) * time.Hour
		o.Ends = &ends
	}
	var typed []string
	for line := range strings.Lines(form.Words) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(typed, line) {
			typed = append(typed, line)
		}
	}
	for _, named := range form.Posts {
		if named.Drop {
			o.DropPosts = append(o.DropPosts, formID(named.ID))
		}
	}
	if was != nil {
		whole := &form.Whole
		if form.Whole == wholeWords(was) { // the form has one box for all words, which may differ
			whole = nil
		}
		for _, k := range was.Keywords {
			at := slices.Index(typed, k.Keyword)
			o.Keywords = append(o.Keywords, community.KeywordChange{ID: k.ID, WholeWord: whole, Remove: at < 0})
			if at >= 0 {
				typed = slices.Delete(typed, at, at+1)
			}
		}
	}
	for i := range typed {
		o.Keywords = append(o.Keywords, community.KeywordChange{Keyword: &typed[i], WholeWord: &form.Whole})
	}
	return o
}

var filterFields = map[string]string{"context": "places", "keyword": "words", "expires_in": "ends"}

func (p *Pages) filters(c *gin.Context, acc *store.Account) error {
	return p.filtersPage(c, acc, http.StatusOK, emptyFilterForm(p.lang(c)))
}

func (p *Pages) filtersPage(c *gin.Context, acc *store.Account, status int, form templates.FilterForm) error {
	list, err := p.Community.Filters(acc)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Filters"))
	if err != nil {
		return err
	}
	v := templates.SettingsFiltersView{Form: form}
	for i := range list {
		f := &list[i]
		var words []string
		for _, k := range f.Keywords {
			words = append(words, k.Keyword)
		}
		if n := len(f.Posts); n > 0 {
			words = append(words, pg.N("%d post", "%d posts", n))
		}
		what := pg.T("Covers %s", strings.Join(words, ", "))
		if f.Hide {
			what = pg.T("Hides %s", strings.Join(words, ", "))
		}
		if len(words) == 0 {
			what = pg.T("No words yet")
		}
		if f.ExpiresAt != nil {
			what = endText(pg.Lang, f) + ". " + what
		}
		v.Filters = append(v.Filters, templates.FilterRow{Title: f.Title, URL: "/settings/filters/" + idText(f.ID), What: plain(what, 140)})
	}
	return p.render(c, status, templates.SettingsFiltersPage(pg, v))
}

func (p *Pages) makeFilter(c *gin.Context, acc *store.Account) error {
	form := typedFilter(c, emptyFilterForm(p.lang(c)))
	change := filterChange(form, nil)
	change.IdempotencyKey = c.PostForm("idempotency_key")
	_, err := p.Community.CreateFilter(c.Request.Context(), acc, change)
	if errs, ok := p.fieldErrors(c, err, filterFields); ok {
		form.Errors = errs
		return p.filtersPage(c, acc, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return redirect(c, "/settings/filters")
}

// ownFilter is the member's filter of the path.
func (p *Pages) ownFilter(c *gin.Context, acc *store.Account) (*community.Filter, error) {
	id, err := idParam(c, "id")
	if err != nil {
		return nil, err
	}
	return p.Community.Filter(acc, id)
}

func (p *Pages) filterForm(c *gin.Context, acc *store.Account) error {
	f, err := p.ownFilter(c, acc)
	if err != nil {
		return err
	}
	form, err := p.formOfFilter(c, acc, f)
	if err != nil {
		return err
	}
	return p.filterPage(c, http.StatusOK, f, form)
}

func (p *Pages) formOfFilter(c *gin.Context, acc *store.Account, f *community.Filter) (form templates.FilterForm, err error) {
	form = formOf(p.lang(c), f)
	form.Posts, err = p.filterPosts(c, acc, f)
	return form, err
}

func (p *Pages) filterPage(c *gin.Context, status int, f *community.Filter, form templates.FilterForm) error {
	pg, err := p.page(c, f.Title)
	if err != nil {
		return err
	}
	return p.render(c, status, templates.SettingsFilterPage(pg, templates.SettingsFilterView{Title: f.Title, URL: form.URL, Form: form}))
}

func (p *Pages) editFilter(c *gin.Context, acc *store.Account) error {
	f, err := p.ownFilter(c, acc)
	if err != nil {
		return err
	}
	form, err := p.formOfFilter(c, acc, f)
	if err != nil {
		return err
	}
	form = typedFilter(c, form)
	_, err = p.Community.UpdateFilter(c.Request.Context(), acc, f.ID, filterChange(form, f))
	if errs, ok := p.fieldErrors(c, err, filterFields); ok {
		form.Errors = errs
		return p.filterPage(c, http.StatusUnprocessableEntity, f, form)
	}
	if err != nil {
		return err
	}
	return redirect(c, "/settings/filters")
}

func (p *Pages) deleteFilter(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.DeleteFilter(c.Request.Context(), acc, id); err != nil {
		return err
	}
	return redirect(c, "/settings/filters")
}
