package pages

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAnnouncements(r Routes) {
	const get, post = http.MethodGet, http.MethodPost
	r.Personal(get, "/announcements", p.member(p.announcements))
	r.Personal(get, "/announcements/:id", p.member(p.announcement))
	r.Personal(post, "/announcements/:id/dismiss", p.member(p.dismissAnnouncement))
	r.Personal(post, "/announcements/:id/react", p.member(p.reactToAnnouncement))
	r.Personal(post, "/announcements/:id/comments", p.member(p.commentOnAnnouncement))
	r.Personal(get, "/announcements/:id/comments/:comment/remove", p.member(p.removeAnnouncementCommentForm))
	r.Personal(post, "/announcements/:id/comments/:comment/remove", p.member(p.goneOnce(p.removeAnnouncementComment, leadsUp("removed", "/announcements/"))))
	r.Personal(get, "/announcements/:id/comments/:comment/report", p.member(p.reportAnnouncementCommentForm))
	r.Personal(post, "/announcements/:id/comments/:comment/report", p.member(p.reportAnnouncementComment))
	r.Personal(get, "/admin/announcements", p.may(community.ReadAnnouncements, p.adminAnnouncements))
	r.Personal(post, "/admin/announcements", p.may(community.Announce, p.announce))
	r.Personal(get, "/admin/announcements/:id", p.may(community.ReadAnnouncements, p.adminAnnouncement))
	r.Personal(post, "/admin/announcements/:id", p.may(community.EditAnnouncement, p.editAnnouncement))
	r.Personal(post, "/admin/announcements/:id/end", p.may(community.EndAnnouncement, p.endAnnouncement))
	r.Personal(post, "/admin/announcements/:id/delete", p.may(community.DeleteAnnouncement, p.deleteAnnouncement))
}

func announcementPath(id int64) string { return "/announcements/" + idText(id) }

func announcementCommentPath(id, comment int64) string {
	return announcementPath(id) + "/comments/" + idText(comment)
}

// thumbsUp is what the page offers to react with. Applications know others.
const thumbsUp = "👍"

func (b viewBuilder) announcementView(a *community.Announcement) templates.AnnouncementView {
	v := templates.AnnouncementView{
		ID: idText(a.ID), URL: announcementPath(a.ID), Text: templates.RichText(b.p.Community.Render(a.Text, a.Mentions, a.Tags)),
		Event: eventWords(b.lang, &a.Announcement), Over: a.State(b.now) == community.AnnouncementOver,
		Published: b.when(a.PublishAt), Edited: a.UpdatedAt > a.PublishAt, Dismissed: a.Dismissed,
	}
	offered := false
	for _, r := range a.Reactions {
		v.Reactions = append(v.Reactions, templates.ReactionView{Name: r.Name, Count: r.Count, Mine: r.Mine})
		offered = offered || r.Name == thumbsUp
	}
	if !offered {
		v.Reactions = append(v.Reactions, templates.ReactionView{Name: thumbsUp})
	}
	return v
}

// eventWords say when an announcement's event is, in UTC; "" where it is about none.
func eventWords(l *lang.Language, a *store.Announcement) string {
	if a.StartsAt == nil {
		return ""
	}
	words := func(m store.Millis) string { return momentWords(l, m, !a.AllDay) }
	if a.EndsAt == nil {
		return words(*a.StartsAt)
	}
	start, end := words(*a.StartsAt), words(*a.EndsAt)
	if start == end {
		return start
	}
	return l.T("%s to %s", start, end)
}

func momentWords(l *lang.Language, m store.Millis, hours bool) string {
	t := m.Time().UTC()
	if !hours {
		return l.Date(t, "2 Jan 2006")
	}
	return l.Date(t, "2 Jan 2006") + t.Format(" 15:04") + " UTC"
}

func (p *Pages) announcements(c *gin.Context, acc *store.Account) error {
	page := pageOf(c, listLimit)
	list, err := p.Community.PublishedAnnouncements(c.Request.Context(), acc, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Announcements"))
	if err != nil {
		return err
	}
	b, v := p.viewBuilder(c), templates.AnnouncementsView{Pager: past(c)}
	for _, a := range list {
		v.List = append(v.List, b.announcementView(a))
	}
	if len(list) > 0 {
		v.Pager = pager(c, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	return p.render(c, http.StatusOK, templates.AnnouncementsPage(pg, v))
}

func (p *Pages) announcement(c *gin.Context, acc *store.Account) error {
	return p.showAnnouncement(c, acc, http.StatusOK, templates.AnnouncementPageView{})
}

// showAnnouncement renders the page of one. v has what was typed, and what is wrong with it.
func (p *Pages) showAnnouncement(c *gin.Context, acc *store.Account, status int, v templates.AnnouncementPageView) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	a, err := p.Community.AnnouncementByID(ctx, acc, id)
	if err != nil {
		return err
	}
	after := formID(c.Query("after"))
	comments, err := p.Community.CommentsOnAnnouncement(ctx, acc, id, community.Cursor{MinID: after, Limit: listLimit})
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Announcement"))
	if err != nil {
		return err
	}
	if v.Waits, err = p.Community.FirstOnesWait(ctx, acc); err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v.Announcement, v.Count, v.Max = b.announcementView(a), a.Comments, community.MaxComment
	for _, cm := range comments {
		removal, refused := community.MayRemoveComment(acc, cm)
		v.Comments = append(v.Comments, templates.AnnouncementCommentView{
			ID: idText(cm.ID), URL: announcementCommentPath(id, cm.ID), Author: p.accountView(cm.Author),
			Text: templates.RichText(p.Community.Render(cm.Text, cm.Mentions, cm.Tags)), Created: b.when(cm.CreatedAt),
			CanRemove: refused == nil, Removal: removal, CanReport: cm.AccountID != acc.ID,
		})
	}
	if after != 0 {
		v.NewerURL = announcementPath(id) + "#comments-head"
	}
	if len(comments) == listLimit {
		v.MoreURL = announcementPath(id) + "?after=" + idText(comments[len(comments)-1].ID) + "#comments-head"
	}
	return p.render(c, status, templates.AnnouncementPage(pg, v))
}

func (p *Pages) dismissAnnouncement(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.DismissAnnouncement(c.Request.Context(), acc, id); err != nil {
		return err
	}
	return redirect(c, returnTo(c, "/"))
}

func (p *Pages) reactToAnnouncement(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	name, react := strings.CutPrefix(c.PostForm("react"), "+")
	if !react {
		name = strings.TrimPrefix(name, "-")
	}
	err = p.Community.ReactToAnnouncement(c.Request.Context(), acc, id, name, react)
	if errs, ok := p.fieldErrors(c, err, map[string]string{"name": ""}); ok {
		return p.showAnnouncement(c, acc, http.StatusUnprocessableEntity, templates.AnnouncementPageView{Errors: errs})
	}
	if err != nil {
		return err
	}
	return redirect(c, announcementPath(id))
}

func (p *Pages) commentOnAnnouncement(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	text := c.PostForm("text")
	made, err := p.Community.CommentOnAnnouncement(c.Request.Context(), acc, id, text, c.PostForm("idempotency_key"))
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		return p.showAnnouncement(c, acc, status, templates.AnnouncementPageView{Text: text, Errors: errs})
	}
	// On the first page what it answers stands above it; further on the page begins with it.
	first, err := p.Community.CommentsOnAnnouncement(c.Request.Context(), acc, id, community.Cursor{Limit: listLimit})
	if err != nil {
		return err
	}
	page := announcementPath(id)
	if n := len(first); n == listLimit && first[n-1].ID < made {
		page += "?after=" + idText(made-1)
	}
	return redirect(c, page+"#c-"+idText(made))
}

func (p *Pages) removeAnnouncementCommentForm(c *gin.Context, acc *store.Account) error {
	return p.showRemoveComment(c, http.StatusOK, acc, templates.DeleteView{})
}

// showRemoveComment asks before a comment goes. v has what was typed, and what is wrong with it.
func (p *Pages) showRemoveComment(c *gin.Context, status int, acc *store.Account, v templates.DeleteView) error {
	id, err := idParam(c, "comment")
	if err != nil {
		return err
	}
	cm, err := p.Community.AnnouncementCommentByID(c.Request.Context(), acc, id)
	if err != nil {
		return err
	}
	removal, err := community.MayRemoveComment(acc, cm)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Delete"))
	if err != nil {
		return err
	}
	v.Action, v.Return = announcementCommentPath(cm.AnnouncementID, id)+"/remove", announcementPath(cm.AnnouncementID)
	v.Comment, v.Text = true, templates.RichText(p.Community.Render(cm.Text, cm.Mentions, cm.Tags))
	if removal {
		v.Removes = cm.Author.Username
	}
	return p.render(c, status, templates.DeletePage(pg, v))
}

func (p *Pages) removeAnnouncementComment(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	comment, err := idParam(c, "comment")
	if err != nil {
		return err
	}
	v := templates.DeleteView{Words: c.PostForm("words"), Reason: c.PostForm("reason")}
	err = p.Community.RemoveAnnouncementComment(c.Request.Context(), byReason(c, acc, "reason"), comment, community.Sanction{Words: v.Words})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showRemoveComment(c, http.StatusUnprocessableEntity, acc, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "removed")
	return redirect(c, announcementPath(id))
}

func (p *Pages) reportAnnouncementCommentView(c *gin.Context, acc *store.Account) (templates.ReportView, *community.AnnouncementComment, error) {
	id, err := idParam(c, "comment")
	if err != nil {
		return templates.ReportView{}, nil, err
	}
	cm, err := p.Community.AnnouncementCommentByID(c.Request.Context(), acc, id)
	if err != nil {
		return templates.ReportView{}, nil, err
	}
	return templates.ReportView{
		Action: announcementCommentPath(cm.AnnouncementID, id) + "/report", What: p.lang(c).T("Report this comment by @%s", cm.Author.Username), Reasons: said(p.lang(c), reportReasons),
		Reason: c.PostForm("reason"), Text: c.PostForm("text"), Rules: p.ruleOptions(c), Rule: c.PostForm("rule"), Return: announcementPath(cm.AnnouncementID),
	}, cm, nil
}

func (p *Pages) reportAnnouncementCommentForm(c *gin.Context, acc *store.Account) error {
	v, _, err := p.reportAnnouncementCommentView(c, acc)
	if err != nil {
		return err
	}
	return p.showReport(c, http.StatusOK, v)
}

func (p *Pages) reportAnnouncementComment(c *gin.Context, acc *store.Account) error {
	v, cm, err := p.reportAnnouncementCommentView(c, acc)
	if err != nil {
		return err
	}
	return p.sendReport(c, acc, v, community.Report{CommentID: cm.ID})
}

// formMoment is how a browser writes a moment in a form.
const formMoment = "2006-01-02T15:04"

func momentOf(m *store.Millis) string {
	if m == nil {
		return ""
	}
	return m.Time().UTC().Format(formMoment)
}

// readAnnouncement reads the form; err says which moments are none.
func readAnnouncement(c *gin.Context) (templates.AnnouncementForm, community.NewAnnouncement, error) {
	f := templates.AnnouncementForm{Text: c.PostForm("text"), Starts: c.PostForm("starts"), Ends: c.PostForm("ends"), Publish: c.PostForm("publish"), AllDay: on(c, "all_day"), Max: community.MaxCaption}
	n := community.NewAnnouncement{Text: f.Text, AllDay: f.AllDay, IdempotencyKey: c.PostForm("idempotency_key")}
	bad := &community.Invalid{}
	for _, m := range []struct {
		field, text string
		into        **time.Time
	}{{"starts", f.Starts, &n.StartsAt}, {"ends", f.Ends, &n.EndsAt}, {"publish", f.Publish, &n.PublishAt}} {
		if m.text = strings.TrimSpace(m.text); m.text == "" {
			continue
		}
		t, err := time.Parse(formMoment, m.text)
		if err != nil {
			t, err = time.Parse(formMoment+":05", m.text)
		}
		if err != nil || t.Year() < 2000 || t.Year() > 9999 {
			bad.Fields = append(bad.Fields, community.FieldError{Field: m.field, Code: "invalid", Message: lang.Key("Write the time as 2026-12-31T18:30.")})
			continue
		}
		*m.into = &t
	}
	if len(bad.Fields) > 0 {
		return f, n, bad
	}
	return f, n, nil
}

func (p *Pages) adminAnnouncements(c *gin.Context, acc *store.Account) error {
	return p.showAdminAnnouncements(c, acc, http.StatusOK, templates.AdminAnnouncementsView{Form: templates.AnnouncementForm{Max: community.MaxCaption}})
}

func (p *Pages) showAdminAnnouncements(c *gin.Context, acc *store.Account, status int, v templates.AdminAnnouncementsView) error {
	page := pageOf(c, listLimit)
	list, err := p.Community.AllAnnouncements(c.Request.Context(), byPage(c, acc), page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Announcements"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v.Form.HoldFirst = p.Community.Site(c.Request.Context()).HoldFirst
	for _, row := range list {
		a := community.Announcement{Announcement: *row}
		v.Rows = append(v.Rows, templates.AdminAnnouncementRow{
			URL: "/admin" + announcementPath(row.ID), Text: plain(row.Text, 80), State: pg.T(community.AnnouncementWords(a.State(b.now))),
			Published: momentWords(b.lang, row.PublishAt, true), Event: eventWords(b.lang, row),
		})
	}
	v.Pager = past(c)
	if len(list) > 0 {
		v.Pager = pager(c, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	return p.render(c, status, templates.AdminAnnouncementsPage(pg, v))
}

func (p *Pages) announce(c *gin.Context, acc *store.Account) error {
	form, n, err := readAnnouncement(c)
	if err == nil {
		_, err = p.Community.Announce(c.Request.Context(), byPage(c, acc), n)
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showAdminAnnouncements(c, acc, http.StatusUnprocessableEntity, templates.AdminAnnouncementsView{Form: form, Errors: errs})
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "announced")
	return redirect(c, "/admin/announcements")
}

func (p *Pages) adminAnnouncement(c *gin.Context, acc *store.Account) error {
	return p.showAdminAnnouncement(c, acc, http.StatusOK, nil, nil)
}

func (p *Pages) showAdminAnnouncement(c *gin.Context, acc *store.Account, status int, form *templates.AnnouncementForm, errs templates.FieldErrors) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	row, err := p.Community.AnnouncementToEdit(c.Request.Context(), byPage(c, acc), id)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Announcement"))
	if err != nil {
		return err
	}
	now := p.viewBuilder(c).now
	a := community.Announcement{Announcement: *row}
	state := a.State(now)
	v := templates.AdminAnnouncementView{ID: idText(id), State: pg.T(community.AnnouncementWords(state)), Ends: state == community.AnnouncementStands, Errors: errs}
	published := !now.Before(row.PublishAt.Time())
	if published {
		v.Public = announcementPath(id)
	}
	if form == nil {
		form = &templates.AnnouncementForm{Text: row.Text, Starts: momentOf(row.StartsAt), Ends: momentOf(row.EndsAt), AllDay: row.AllDay, Publish: momentOf(&row.PublishAt), Max: community.MaxCaption}
	}
	form.Published, form.HoldFirst = published, p.Community.Site(c.Request.Context()).HoldFirst
	v.Form = *form
	return p.render(c, status, templates.AdminAnnouncementPage(pg, v))
}

func (p *Pages) editAnnouncement(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	form, n, err := readAnnouncement(c)
	if err == nil {
		err = p.Community.EditAnnouncement(c.Request.Context(), byPage(c, acc), id, n)
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showAdminAnnouncement(c, acc, http.StatusUnprocessableEntity, &form, errs)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "saved")
	return redirect(c, "/admin"+announcementPath(id))
}

func (p *Pages) endAnnouncement(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.FinishAnnouncement(c.Request.Context(), byPage(c, acc), id); err != nil {
		return err
	}
	p.setFlash(c, "done")
	return redirect(c, "/admin"+announcementPath(id))
}

func (p *Pages) deleteAnnouncement(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.DeleteAnnouncement(c.Request.Context(), byPage(c, acc), id); err != nil {
		return err
	}
	p.setFlash(c, "deleted")
	return redirect(c, "/admin/announcements")
}
