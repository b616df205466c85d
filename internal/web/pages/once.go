package pages

import (
	"github.com/gin-gonic/gin"

	"tintype/internal/store"
)

// goneOnce wraps a handler that does away with something. A second click finds it gone: it is answered as the first was, with a
// flash and a redirect that then tells. What somebody never had stays not found.
func (p *Pages) goneOnce(h func(*gin.Context, *store.Account) error, then func(*gin.Context, *store.Account) (flash, to string)) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, acc *store.Account) error {
		key := sentForm(c)
		if key == "" || wantsJSON(c) {
			return h(c, acc)
		}
		ctx := c.Request.Context()
		again, err := p.Community.FormSent(ctx, acc, key)
		if err != nil {
			return err
		}
		switch err := h(c, acc); {
		case err == nil:
			return nil
		case again && isNotFound(err):
			flash, to := then(c, acc)
			if flash != "" {
				p.setFlash(c, flash)
			}
			return redirect(c, to)
		case !again:
			if failed := p.Community.FormFailed(ctx, acc, key); failed != nil {
				p.Log.WarnContext(ctx, "a form that failed counts as sent", "error", failed)
			}
			return err
		default:
			return err
		}
	}
}

// leads is the answer of goneOnce that is the same for all.
func leads(flash, to string) func(*gin.Context, *store.Account) (string, string) {
	return func(*gin.Context, *store.Account) (string, string) { return flash, to }
}

// leadsUp is the answer of goneOnce that leads back, else to the page of the thing that the address begins with.
func leadsUp(flash, under string) func(*gin.Context, *store.Account) (string, string) {
	return func(c *gin.Context, _ *store.Account) (string, string) {
		return flash, returnTo(c, under+c.Param("id"))
	}
}
