package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/templates"
)

// history shows what a post said before it was edited.
func (p *Pages) history(c *gin.Context) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	post, versions, err := p.Community.History(c.Request.Context(), viewer(c), id)
	if err != nil {
		return err
	}
	to, err := p.postLocation(c, post)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Versions"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	b := p.viewBuilder(c)
	view := templates.HistoryView{Author: p.accountView(post.Author), PostURL: to}
	for i := len(versions) - 1; i >= 0; i-- { // the newest first
		was := versions[i]
		row := templates.VersionView{
			Created: b.when(was.CreatedAt), Warning: was.Warning, Photos: was.Had,
			Caption: templates.RichText(p.Community.Render(was.Caption, post.Mentions, was.Tags)),
		}
		for _, ph := range was.Photos {
			if ph.Description != "" {
				row.Descriptions = append(row.Descriptions, ph.Description)
			}
		}
		view.Versions = append(view.Versions, row)
	}
	return p.render(c, http.StatusOK, templates.HistoryPage(pg, view))
}
