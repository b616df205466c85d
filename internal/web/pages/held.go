package pages

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

// heldLimit is how many held posts one page has.
const heldLimit = 20

func (p *Pages) registerHeld(r Routes) {
	r.Personal(http.MethodGet, "/held", p.member(p.ownHeld))
	r.Personal(http.MethodPost, "/held/:id/withdraw", p.member(p.goneOnce(p.withdrawHeld, leads("deleted", "/held"))))
	r.Personal(http.MethodGet, "/admin/held", p.may(community.ReadHeld, p.adminHeld))
	r.Personal(http.MethodPost, "/admin/held/:id/approve", p.may(community.ApproveHeld, p.approveHeld))
	r.Personal(http.MethodPost, "/admin/held/:id/reject", p.may(community.RejectHeld, p.rejectHeld))
}

// heldView is a held post. It has photographs that only its author and moderators may fetch, and no link to a page of its own.
func (b viewBuilder) heldView(h *community.Held) templates.HeldView {
	v := templates.HeldView{
		ID: idText(h.ID), Author: b.p.accountView(h.Post.Author), Created: b.when(h.CreatedAt), Rejected: h.State == store.HeldRejected, Words: h.Words,
		Caption: templates.RichText(b.p.caption(h.Post)), Warning: h.Post.Warning, Visibility: string(h.Post.Visibility), Comment: h.Post.Kind == store.KindComment,
	}
	if h.Post.InReplyToID != nil {
		v.ParentURL = "/posts/" + idText(*h.Post.InReplyToID)
	}
	for i, ph := range h.Post.Photos {
		v.Photos = append(v.Photos, b.photoView(ph, &h.Post.Post, h.Post.Author, i+1))
	}
	for _, why := range h.Why {
		switch why.Kind {
		case community.HeldFirst:
			v.Why = append(v.Why, b.lang.T("It is among the first posts of a new member."))
		case community.HeldWord:
			v.Why = append(v.Why, b.lang.T("It contains a blocked word: %s", why.Text))
		case community.HeldPhoto:
			v.Why = append(v.Why, b.lang.T("A photo looks like one that was removed: %s", why.Text))
		}
	}
	return v
}

func (p *Pages) ownHeld(c *gin.Context, acc *store.Account) error {
	list, err := p.Community.OwnHeld(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Waiting for a moderator"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	var v templates.OwnHeldView
	for _, h := range list {
		v.Posts = append(v.Posts, b.heldView(h))
	}
	return p.render(c, http.StatusOK, templates.OwnHeldPage(pg, v))
}

func (p *Pages) withdrawHeld(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.WithdrawHeld(c.Request.Context(), acc, id); err != nil {
		return err
	}
	p.setFlash(c, "deleted")
	return redirect(c, "/held")
}

func (p *Pages) adminHeld(c *gin.Context, acc *store.Account) error {
	return p.showHeld(c, acc, http.StatusOK, templates.AdminHeldView{})
}

func (p *Pages) showHeld(c *gin.Context, acc *store.Account, status int, v templates.AdminHeldView) error {
	page := pageOf(c, heldLimit)
	list, err := p.Community.HeldPosts(c.Request.Context(), byPage(c, acc), page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Held posts"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	for _, h := range list {
		view := b.heldView(h)
		view.MayApprove, view.MayReject = h.AccountID != acc.ID, community.MayActOn(acc, h.Post.Author)
		v.Posts = append(v.Posts, view)
	}
	v.Pager = past(c)
	if len(list) > 0 {
		v.Pager = pager(c, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	v.System = community.May(acc, community.ReadSystem)
	return p.render(c, status, templates.AdminHeldPage(pg, v))
}

func (p *Pages) approveHeld(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	_, err = p.Community.ApproveHeld(c.Request.Context(), byPage(c, acc), id)
	return p.afterHeld(c, acc, err, templates.AdminHeldView{About: idText(id)})
}

func (p *Pages) rejectHeld(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	v := templates.AdminHeldView{About: idText(id), Words: c.PostForm("words")}
	return p.afterHeld(c, acc, p.Community.RejectHeld(c.Request.Context(), byPage(c, acc), id, v.Words), v)
}

// afterHeld shows what is wrong, with what was typed, or goes back to what waits.
func (p *Pages) afterHeld(c *gin.Context, acc *store.Account, err error, v templates.AdminHeldView) error {
	// The fields of the post are not those of this page.
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		for i := range errs {
			errs[i].Field = ""
		}
		v.Errors = errs
		if u, err := url.Parse(returnTo(c, "/admin/held")); err == nil && u.Path == "/admin/held" {
			c.Request.URL = u // the part of the list in which the post stands
		}
		return p.showHeld(c, acc, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "done")
	return redirect(c, returnTo(c, "/admin/held"))
}
