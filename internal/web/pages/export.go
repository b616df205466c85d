package pages

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

// takeoutRefresh is after how many seconds a browser asks again for the page of an export or import that is under way. It works without
// scripts, too.
const takeoutRefresh = "4"

func (p *Pages) registerExport(r Routes) {
	r.Personal(http.MethodGet, "/settings/export", p.member(p.exportForm))
	r.Personal(http.MethodPost, "/settings/export", p.member(p.startExport))
	r.Personal(http.MethodPost, "/settings/export/drop", p.member(p.dropExport))
	r.Download(http.MethodGet, "/settings/export/:id/:part", p.member(p.downloadExport))
}

func (p *Pages) exportForm(c *gin.Context, acc *store.Account) error {
	return p.showExport(c, http.StatusOK, acc, nil)
}

func (p *Pages) showExport(c *gin.Context, status int, acc *store.Account, errs templates.FieldErrors) error {
	pg, err := p.confirmPage(c, p.lang(c).T("Export"))
	if err != nil {
		return err
	}
	v, err := p.exportView(c, acc, "/settings/export/")
	if err != nil {
		return err
	}
	v.Errors = errs
	if v.State == store.ExportWorking { // nothing can be typed here meanwhile
		c.Header("Refresh", takeoutRefresh)
	}
	return p.render(c, status, templates.SettingsExportPage(pg, v))
}

// exportView is the member's export, with addresses below base.
func (p *Pages) exportView(c *gin.Context, acc *store.Account, base string) (templates.SettingsExportView, error) {
	var v templates.SettingsExportView
	e, err := p.Community.ExportOf(c.Request.Context(), acc)
	if err != nil {
		return v, err
	}
	l := p.lang(c)
	if e != nil && e.ExpiresAt.Time().After(time.Now()) {
		v.State, v.Done, v.Total, v.Missing = e.State, e.Progress, max(e.Total, e.Progress), e.Missing
		v.Expires = l.Date(e.ExpiresAt.Time(), "2 January 2006")
		if e.FinishedAt != nil {
			v.Made = p.viewBuilder(c).when(*e.FinishedAt)
		}
		for i, part := range e.Parts.V {
			label := l.T("Export")
			if len(e.Parts.V) > 1 {
				label = l.T("Part %d of %d", i+1, len(e.Parts.V))
			}
			v.Parts = append(v.Parts, templates.DownloadView{URL: fmt.Sprintf("%s%d/%d", base, e.ID, i+1), Label: label, Size: fileSize(l, part.Bytes)})
		}
	}
	return v, nil
}

func (p *Pages) startExport(c *gin.Context, acc *store.Account) error {
	err := p.Community.StartExport(c.Request.Context(), acc, p.confirmation(c, "password"))
	var many *community.TooMany
	if errors.As(err, &many) {
		c.Header("Retry-After", seconds(many.RetryAfter))
		return p.showExport(c, http.StatusTooManyRequests, acc, templates.FieldErrors{{Message: tooMany(p.lang(c), many)}})
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showExport(c, http.StatusUnprocessableEntity, acc, errs)
	}
	if err != nil {
		return err
	}
	return redirect(c, "/settings/export")
}

func (p *Pages) dropExport(c *gin.Context, acc *store.Account) error {
	if err := p.Community.DropExport(c.Request.Context(), acc); err != nil {
		return err
	}
	p.setFlash(c, "removed")
	return redirect(c, "/settings/export")
}

func (p *Pages) downloadExport(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	part, err := strconv.Atoi(c.Param("part"))
	if err != nil {
		return community.ErrNotFound
	}
	o, err := p.Community.OpenExport(c.Request.Context(), acc, id, part)
	if err != nil {
		return err
	}
	defer o.Close()
	name := acc.Username + "-" + store.IDTime(id).Format(time.DateOnly)
	if part > 1 {
		name += "-" + strconv.Itoa(part)
	}
	c.Header("Content-Type", "application/zip")
	c.Header("Content-Disposition", attachment(name+".zip"))
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("ETag", o.ETag) // with it a download that broke off goes on
	http.ServeContent(c.Writer, c.Request, "", o.ModTime, o)
	return nil
}

// fileSize is a size for people.
func fileSize(l *lang.Language, n int64) string {
	switch {
	case n >= 1e9:
		return l.T("%s GB", l.Decimal(float64(n)/1e9, 1))
	case n >= 1e6:
		return l.T("%s MB", l.Decimal(float64(n)/1e6, 1))
	}
	return l.T("%d kB", max(n/1000, 1))
}
