package pages

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAdmin(r Routes) {
	r.Personal(http.MethodGet, "/admin/reports", p.may(community.ReadReports, p.reports))
	r.Personal(http.MethodGet, "/admin/reports/:id", p.may(community.ReadReports, p.report))
	r.Personal(http.MethodPost, "/admin/reports/:id/close", p.may(community.CloseReport, p.closeReport))
}

// byPage is who administers by a page, with the reason that its form gives.
func byPage(c *gin.Context, acc *store.Account) community.By {
	return community.By{Account: acc, Via: community.ViaPage, Reason: c.PostForm("reason")}
}

func (p *Pages) reportRow(b viewBuilder, r *community.FiledReport) templates.ReportRow {
	reason, _ := reasonOf(r)
	row := templates.ReportRow{
		ID: idText(r.ID), URL: "/admin/reports/" + idText(r.ID), Reason: reason,
		Created: b.when(r.CreatedAt), Closed: r.State == "closed",
	}
	if r.Target != nil {
		row.About = p.accountView(r.Target)
	}
	if r.Reporter != nil {
		row.Reporter = p.accountView(r.Reporter)
	}
	return row
}

// categoryWords are the categories that applications send.
var categoryWords = map[string]string{"spam": "Spam", "legal": "Against the law", "violation": "Against the rules", "other": "Something else"}

// reasonOf returns why a report was made, on one line, and its text. The page writes the reason as the first line of the
// comment; applications send a category beside it.
func reasonOf(r *community.FiledReport) (reason, text string) {
	reason, text, _ = strings.Cut(r.Comment, "\n")
	if r.Category == "" {
		return reason, text
	}
	if r.Comment == "" {
		return categoryWords[r.Category], ""
	}
	return categoryWords[r.Category] + ": " + reason, r.Comment
}

func (p *Pages) reports(c *gin.Context, acc *store.Account) error {
	state := "open"
	if c.Query("state") == "closed" {
		state = "closed"
	}
	page := pageOf(c, listLimit)
	list, err := p.Community.Reports(c.Request.Context(), acc, state, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Reports"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v := templates.AdminReportsView{Closed: state == "closed", OpenURL: "/admin/reports", ClosedURL: "/admin/reports?state=closed"}
	for _, r := range list {
		v.Reports = append(v.Reports, p.reportRow(b, r))
	}
	v.Pager = past(c)
	if len(list) > 0 {
		v.Pager = pager(c, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	return p.render(c, http.StatusOK, templates.AdminReportsPage(pg, v))
}

func (p *Pages) report(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	r, err := p.Community.ReportByID(c.Request.Context(), acc, id)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Report"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	_, text := reasonOf(r)
	v := templates.AdminReportView{Report: p.reportRow(b, r), Text: text, Excerpt: r.Excerpt}
	if r.Post != nil {
		if r.Post.Kind == store.KindComment {
			v.Comment = &templates.CommentView{ID: idText(r.Post.ID), Author: p.accountView(r.Post.Author), Text: templates.RichText(p.caption(r.Post)), Created: b.when(r.Post.CreatedAt)}
		} else {
			post := b.postView(r.Post, false)
			v.Post = &post
		}
	}
	if r.ClosedAt != nil {
		v.ClosedAt = b.when(*r.ClosedAt)
		if r.ClosedBy != nil {
			v.ClosedBy = r.ClosedBy.Username
		}
	}
	return p.render(c, http.StatusOK, templates.AdminReportPage(pg, v))
}

func (p *Pages) closeReport(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if _, err := p.Community.CloseReport(c.Request.Context(), byPage(c, acc), id); err != nil {
		return err
	}
	p.setFlash(c, "closed")
	return redirect(c, "/admin/reports")
}
