package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

// firstStepsPath is where whoever has claimed the site begins.
const firstStepsPath = "/admin/first-steps"

func (p *Pages) registerFirstSteps(r Routes) {
	r.Personal(http.MethodGet, firstStepsPath, p.may(community.ReadSite, p.firstSteps))
	r.Personal(http.MethodPost, firstStepsPath+"/close", p.may(community.EditSite, p.closeFirstSteps))
}

func (p *Pages) firstSteps(c *gin.Context, acc *store.Account) error {
	pg, err := p.confirmPage(c, p.lang(c).T("First steps"))
	if err != nil {
		return err
	}
	list, err := p.Community.Invitations(c.Request.Context(), byPage(c, acc), community.Cursor{Limit: 1})
	if err != nil {
		return err
	}
	site := p.siteFormView(c)
	site.Sources = false
	return p.render(c, http.StatusOK, templates.FirstStepsPage(pg, templates.FirstStepsView{
		Site: site, Invited: len(list) > 0, Closed: p.Community.FirstStepsClosed(c.Request.Context()),
	}))
}

func (p *Pages) closeFirstSteps(c *gin.Context, acc *store.Account) error {
	if err := p.Community.CloseFirstSteps(c.Request.Context(), byPage(c, acc)); err != nil {
		return err
	}
	return redirect(c, "/admin")
}
