package pages

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAdminBlocks(r Routes) {
	r.Personal(http.MethodGet, "/admin/blocks", p.may(community.ReadBlocks, p.siteBlocks))
	r.Personal(http.MethodPost, "/admin/blocks", p.may(community.AddBlock, p.addBlock))
	r.Personal(http.MethodPost, "/admin/blocks/:id/remove", p.may(community.RemoveBlock, p.removeBlock))
}

// blockKind is a kind of what the site keeps out, the first for what is none.
func blockKind(text string) string {
	if slices.Contains(community.BlockKinds, text) {
		return text
	}
	return community.BlockKinds[0]
}

func blocksURL(kind string) string { return "/admin/blocks?kind=" + kind }

func (p *Pages) siteBlocks(c *gin.Context, acc *store.Account) error {
	return p.showBlocks(c, acc, http.StatusOK, templates.AdminBlocksView{Kind: blockKind(c.Query("kind"))})
}

func (p *Pages) showBlocks(c *gin.Context, acc *store.Account, status int, v templates.AdminBlocksView) error {
	page := pageOf(c, listLimit)
	list, err := p.Community.SiteBlocks(c.Request.Context(), byPage(c, acc), v.Kind, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Kept out"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	for _, row := range list {
		v.Rows = append(v.Rows, templates.BlockRow{ID: idText(row.ID), Value: row.Value, Note: row.Note, Creator: row.Creator, Created: b.when(row.CreatedAt)})
	}
	v.Pager = past(c)
	if len(list) > 0 {
		at := url.URL{Path: "/admin/blocks", RawQuery: c.Request.URL.RawQuery}
		if c.Request.Method == http.MethodPost { // refused: the form has the kind
			at.RawQuery = url.Values{"kind": {v.Kind}}.Encode()
		}
		v.Pager = pagerOf(&at, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	return p.render(c, status, templates.AdminBlocksPage(pg, v))
}

func (p *Pages) addBlock(c *gin.Context, acc *store.Account) error {
	v := templates.AdminBlocksView{Kind: blockKind(c.PostForm("kind")), Value: c.PostForm("value"), Note: c.PostForm("note")}
	_, err := p.Community.KeepOut(c.Request.Context(), byPage(c, acc), community.NewBlock{Kind: v.Kind, Value: v.Value, Note: v.Note})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showBlocks(c, acc, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "done")
	return redirect(c, blocksURL(v.Kind))
}

func (p *Pages) removeBlock(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.RemoveBlock(c.Request.Context(), byPage(c, acc), id); err != nil {
		return err
	}
	p.setFlash(c, "done")
	return redirect(c, blocksURL(blockKind(c.PostForm("kind"))))
}
