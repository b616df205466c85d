package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) takeTwoFactorsForm(c *gin.Context, _ *store.Account) error {
	return p.showTakeTwoFactors(c, http.StatusOK, templates.AdminTwoFactorsView{Name: c.Query("name")})
}

func (p *Pages) showTakeTwoFactors(c *gin.Context, status int, v templates.AdminTwoFactorsView) error {
	pg, err := p.confirmPage(c, p.lang(c).T("Remove second factors"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.AdminTwoFactorsPage(pg, v))
}

func (p *Pages) takeTwoFactors(c *gin.Context, acc *store.Account) error {
	v := templates.AdminTwoFactorsView{Name: c.PostForm("name"), Reason: c.PostForm("reason")}
	_, err := p.Community.TakeTwoFactors(c.Request.Context(), p.byConfirmed(c, acc, "reason", "password"), v.Name)
	if errors.Is(err, community.ErrNotFound) {
		v.Errors = templates.FieldErrors{{Field: "name", Message: p.lang(c).T("There is no member of that name.")}}
		return p.showTakeTwoFactors(c, http.StatusUnprocessableEntity, v)
	}
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		v.Errors = errs
		return p.showTakeTwoFactors(c, status, v)
	}
	p.setFlash(c, "saved")
	return redirect(c, "/admin/two-factors")
}
