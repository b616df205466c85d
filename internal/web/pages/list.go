package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerLists(r Routes) {
	r.Personal(http.MethodGet, "/lists", p.member(p.lists))
	r.Personal(http.MethodPost, "/lists", p.member(p.makeList))
	r.Personal(http.MethodGet, "/lists/:id", p.member(p.list))
	r.Personal(http.MethodGet, "/lists/:id/edit", p.member(p.listForm))
	r.Personal(http.MethodPost, "/lists/:id", p.member(p.editList))
	r.Personal(http.MethodPost, "/lists/:id/add", p.member(p.addToList))
	r.Personal(http.MethodPost, "/lists/:id/remove", p.member(p.removeFromList))
	r.Personal(http.MethodPost, "/lists/:id/delete", p.member(p.goneOnce(p.deleteList, leads("", "/lists"))))
	r.Personal(http.MethodGet, "/@:name/lists", p.member(p.personLists))
	r.Personal(http.MethodPost, "/@:name/lists", p.member(p.putInLists))
}

func listRow(l *store.List) templates.ListRow {
	id := idText(l.ID)
	return templates.ListRow{ID: id, Title: l.Title, URL: "/lists/" + id, Exclusive: l.Exclusive}
}

func (p *Pages) lists(c *gin.Context, acc *store.Account) error {
	return p.listsPage(c, acc, http.StatusOK, templates.ListsView{})
}

func (p *Pages) listsPage(c *gin.Context, acc *store.Account, status int, v templates.ListsView) error {
	lists, err := p.Community.Lists(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Lists"))
	if err != nil {
		return err
	}
	for i := range lists {
		v.Lists = append(v.Lists, listRow(&lists[i]))
	}
	v.TitleMax = community.MaxListTitle
	return p.render(c, status, templates.ListsPage(pg, v))
}

func (p *Pages) makeList(c *gin.Context, acc *store.Account) error {
	title := c.PostForm("title")
	l, err := p.Community.CreateList(c.Request.Context(), acc, community.ListOptions{Title: &title, IdempotencyKey: c.PostForm("idempotency_key")})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.listsPage(c, acc, http.StatusUnprocessableEntity, templates.ListsView{Title: title, Errors: errs})
	}
	if err != nil {
		return err
	}
	return redirect(c, listRow(l).URL)
}

// ownList is the member's list of the path.
func (p *Pages) ownList(c *gin.Context, acc *store.Account) (*store.List, error) {
	id, err := idParam(c, "id")
	if err != nil {
		return nil, err
	}
	return p.Community.List(c.Request.Context(), acc, id)
}

func (p *Pages) list(c *gin.Context, acc *store.Account) error {
	l, err := p.ownList(c, acc)
	if err != nil {
		return err
	}
	page := pageOf(c, feedLimit)
	posts, err := p.Community.ListFeed(c.Request.Context(), acc, l.ID, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, l.Title)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	view := templates.ListView{List: listRow(l), Posts: b.postViews(posts, true), Pager: postPager(c, page, posts)}
	if view.Newest, err = p.newestWhere(c, b, posts, view.Pager); err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.ListPage(pg, view))
}

func (p *Pages) listForm(c *gin.Context, acc *store.Account) error {
	l, err := p.ownList(c, acc)
	if err != nil {
		return err
	}
	return p.listEditPage(c, acc, http.StatusOK, l, "", nil)
}

func (p *Pages) listEditPage(c *gin.Context, acc *store.Account, status int, l *store.List, name string, errs templates.FieldErrors) error {
	people, err := p.Community.AllListMembers(c.Request.Context(), acc, l.ID)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Edit the list"))
	if err != nil {
		return err
	}
	v := templates.ListEditView{List: listRow(l), TitleMax: community.MaxListTitle, Name: name, Errors: errs}
	for _, a := range people {
		v.People = append(v.People, templates.PersonView{Account: p.accountView(a)})
	}
	return p.render(c, status, templates.ListEditPage(pg, v))
}

func (p *Pages) editList(c *gin.Context, acc *store.Account) error {
	l, err := p.ownList(c, acc)
	if err != nil {
		return err
	}
	title, exclusive := c.PostForm("title"), on(c, "exclusive")
	_, err = p.Community.UpdateList(c.Request.Context(), acc, l.ID, community.ListOptions{Title: &title, Exclusive: &exclusive})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		l.Title, l.Exclusive = title, exclusive
		return p.listEditPage(c, acc, http.StatusUnprocessableEntity, l, "", errs)
	}
	if err != nil {
		return err
	}
	return redirect(c, listRow(l).URL)
}

func (p *Pages) addToList(c *gin.Context, acc *store.Account) error {
	l, err := p.ownList(c, acc)
	if err != nil {
		return err
	}
	name := c.PostForm("name")
	err = p.Community.AddNameToList(c.Request.Context(), acc, l.ID, name)
	if errs, ok := p.fieldErrors(c, err, map[string]string{"account_ids": "name"}); ok {
		return p.listEditPage(c, acc, http.StatusUnprocessableEntity, l, name, errs)
	}
	if err != nil {
		return err
	}
	return redirect(c, returnTo(c, listRow(l).URL+"/edit#people"))
}

func (p *Pages) removeFromList(c *gin.Context, acc *store.Account) error {
	l, err := p.ownList(c, acc)
	if err != nil {
		return err
	}
	if err := p.Community.RemoveFromList(c.Request.Context(), acc, l.ID, []int64{formID(c.PostForm("account"))}); err != nil {
		return err
	}
	return redirect(c, listRow(l).URL+"/edit#people")
}

func (p *Pages) deleteList(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.DeleteList(c.Request.Context(), acc, id); err != nil {
		return err
	}
	return redirect(c, "/lists")
}

func (p *Pages) personLists(c *gin.Context, me *store.Account) error {
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	return p.personListsPage(c, me, acc, http.StatusOK, nil)
}

func (p *Pages) personListsPage(c *gin.Context, me, acc *store.Account, status int, errs templates.FieldErrors) error {
	ctx := c.Request.Context()
	lists, err := p.Community.Lists(ctx, me)
	if err != nil {
		return err
	}
	with, err := p.Community.ListsWith(ctx, me, acc.ID)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Lists"))
	if err != nil {
		return err
	}
	in := map[int64]bool{}
	for _, l := range with {
		in[l.ID] = true
	}
	v := templates.PersonListsView{Account: p.accountView(acc), Errors: errs, Return: localPath(c.Query("return"), "/@"+acc.Username)}
	for i := range lists {
		row := listRow(&lists[i])
		if row.On = in[lists[i].ID]; errs != nil {
			row.On = on(c, "list_"+row.ID)
		}
		v.Lists = append(v.Lists, row)
	}
	return p.render(c, status, templates.PersonListsPage(pg, v))
}

// putInLists has the account of the path in those of the member's lists that are ticked, and in no other.
func (p *Pages) putInLists(c *gin.Context, me *store.Account) error {
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	lists, err := p.Community.Lists(ctx, me)
	if err != nil {
		return err
	}
	with, err := p.Community.ListsWith(ctx, me, acc.ID)
	if err != nil {
		return err
	}
	in := map[int64]bool{}
	for _, l := range with {
		in[l.ID] = true
	}
	for _, l := range lists {
		want := on(c, "list_"+idText(l.ID))
		change := p.Community.AddToList
		if !want {
			change = p.Community.RemoveFromList
		}
		if want == in[l.ID] {
			continue
		}
		err := change(ctx, me, l.ID, []int64{acc.ID})
		if errs, ok := p.fieldErrors(c, err, map[string]string{"account_ids": ""}); ok {
			return p.personListsPage(c, me, acc, http.StatusUnprocessableEntity, errs)
		}
		if err != nil {
			return err
		}
	}
	return redirect(c, returnTo(c, "/@"+acc.Username))
}
