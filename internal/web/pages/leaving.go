package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerLeaving(r Routes) {
	r.Personal(http.MethodGet, "/leaving", p.left(p.leavingPage))
	r.Personal(http.MethodPost, "/leaving/back", p.left(p.comeBack))
	r.Personal(http.MethodPost, "/leaving/delete", p.left(p.deleteNow))
}

// left wraps a handler for somebody who has left, and may come back.
func (p *Pages) left(h func(*gin.Context, *store.Account) error) func(*gin.Context) error {
	return p.shutOut(func(c *gin.Context, acc *store.Account) error {
		if acc.LeavingAt == nil {
			return redirect(c, "/suspended")
		}
		return h(c, acc)
	})
}

func (p *Pages) leavingPage(c *gin.Context, acc *store.Account) error {
	return p.showLeaving(c, http.StatusOK, acc, nil)
}

func (p *Pages) showLeaving(c *gin.Context, status int, acc *store.Account, errs templates.FieldErrors) error {
	pg, err := p.confirmPageFor(c, acc, p.lang(c).T("Your account is closed"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	return p.render(c, status, templates.LeavingPage(pg, templates.LeavingView{
		Name: acc.Username, Until: momentWords(pg.Lang, store.ToMillis(community.LeavesUntil(acc)), true), Errors: errs,
	}))
}

// comeBack opens the account again and logs in, or leads to what is left where it is suspended.
func (p *Pages) comeBack(c *gin.Context, acc *store.Account) error {
	now, err := p.Community.ComeBack(c.Request.Context(), acc)
	if errors.Is(err, community.ErrNotFound) { // the week was over a moment ago
		p.Signed.DropCookie(c.Writer, suspendedCookie)
		return community.ErrUnauthenticated
	}
	if err != nil {
		return err
	}
	if now.SuspendedAt != nil {
		return p.enterSuspended(c, now)
	}
	p.Signed.DropCookie(c.Writer, suspendedCookie)
	if err := p.logIn(c, now); err != nil {
		return err
	}
	p.toldOfLogin(c, now)
	p.setFlash(c, "back")
	return redirect(c, "/")
}

func (p *Pages) deleteNow(c *gin.Context, acc *store.Account) error {
	err := p.Community.DeleteAccount(c.Request.Context(), acc, p.suspendedConfirmation(c, "password"))
	var many *community.TooMany
	if errors.As(err, &many) {
		c.Header("Retry-After", seconds(many.RetryAfter))
		return p.showLeaving(c, http.StatusTooManyRequests, acc, templates.FieldErrors{{Message: tooMany(p.lang(c), many)}})
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showLeaving(c, http.StatusUnprocessableEntity, acc, errs)
	}
	if err != nil {
		return err
	}
	p.Signed.DropCookie(c.Writer, suspendedCookie)
	p.setFlash(c, "account-deleted")
	return redirect(c, "/login") // the front page is the same for all visitors, and says nothing to one
}
