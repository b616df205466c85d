package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAdmin(r Routes) {
	r.Personal(http.MethodGet, "/admin/reports", p.may(community.ReadReports, p.reports))
	r.Personal(http.MethodGet, "/admin/reports/:id", p.may(community.ReadReports, p.report))
	r.Personal(http.MethodPost, "/admin/reports/:id/decide", p.may(community.CloseReport, p.decideReport))
	r.Personal(http.MethodPost, "/admin/reports/:id/assign", p.may(community.AssignReport, p.assignReport(true)))
	r.Personal(http.MethodPost, "/admin/reports/:id/unassign", p.may(community.AssignReport, p.assignReport(false)))
	r.Personal(http.MethodPost, "/admin/reports/:id/edit", p.may(community.EditReport, p.editReport))
	r.Personal(http.MethodPost, "/admin/reports/:id/reopen", p.may(community.ReopenReport, p.reopenReport))
}

// byPage is who administers by a page, with the reason that its form gives.
func byPage(c *gin.Context, acc *store.Account) community.By {
	return community.By{Account: acc, Via: community.ViaPage, Reason: c.PostForm("reason"), Key: sentForm(c)}
}

// sentForm names the form of a request with what was entered, but for passwords; "" where the page gave it no key. The same form
// with other words, which Back brings to the screen again, is another.
func sentForm(c *gin.Context) string {
	key := c.PostForm("idempotency_key")
	if key == "" {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q", c.Request.URL.Path)
	for _, name := range slices.Sorted(maps.Keys(c.Request.PostForm)) {
		if !strings.Contains(name, "password") && name != "confirm_passkey" {
			fmt.Fprintf(h, " %q=%q", name, c.Request.PostForm[name])
		}
	}
	return key[:min(len(key), 100)] + " " + hex.EncodeToString(h.Sum(nil))
}

func (p *Pages) reportRow(b viewBuilder, r *community.FiledReport) templates.ReportRow {
	reason, _ := reasonOf(b.lang, r)
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
	if r.AssignedTo != nil {
		row.Assigned = r.AssignedTo.Username
	}
	return row
}

// categoryWords are the categories that applications send.
var categoryWords = map[string]string{
	"spam": lang.Key("Spam"), "legal": lang.Key("Against the law"), "violation": lang.Key("Against the rules"), "other": lang.Key("Something else"),
}

// reasonOf returns why a report was made, on one line, and its text. The page writes the reason as the first line of the
// comment, and a category that the reason says in other words; applications send a category of their own beside it.
func reasonOf(l *lang.Language, r *community.FiledReport) (reason, text string) {
	reason, text, _ = strings.Cut(r.Comment, "\n")
	if r.Category == "" || reasonIs(reason, r.Category) {
		return reason, text
	}
	if r.Comment == "" {
		return l.T(categoryWords[r.Category]), ""
	}
	return l.T(categoryWords[r.Category]) + ": " + reason, r.Comment
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
	v := templates.AdminReportsView{Closed: state == "closed", System: community.May(acc, community.ReadSystem), OpenURL: "/admin/reports", ClosedURL: "/admin/reports?state=closed"}
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
	return p.showFiledReport(c, http.StatusOK, acc, templates.AdminReportView{Alike: true})
}

// side is the history of one side of a report, nil where the account is gone.
func (p *Pages) side(b viewBuilder, a *store.Account, f *store.MemberFacts) *templates.SideView {
	if a == nil || f == nil {
		return nil
	}
	return &templates.SideView{
		URL: memberURL(a.Username), Name: a.Username, State: stateWords(b.lang, a), Joined: b.when(a.CreatedAt),
		ReportsAbout: int(f.ReportsAbout), ReportsMade: int(f.ReportsMade), Removed: int(f.RemovedPosts), Warnings: int(f.Warnings),
	}
}

// showFiledReport renders a report. v has what was typed, and what is wrong with it.
func (p *Pages) showFiledReport(c *gin.Context, status int, acc *store.Account, v templates.AdminReportView) error {
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
	_, text := reasonOf(b.lang, r)
	sides, err := p.Community.HistoriesOf(c.Request.Context(), acc, r)
	if err != nil {
		return err
	}
	v.Report, v.Text, v.Excerpt, v.Rule, v.AboutPost, v.Decision = p.reportRow(b, r), text, r.Excerpt, strings.Join(community.RulesOf(&r.Report), " · "), r.PostID != nil, r.Decision
	v.Hidden, v.Changed, v.OtherPhotos, v.AboutComment = r.Hidden, r.OtherWords(), r.OtherPhotos, r.CommentID != nil || r.Post != nil && r.Post.Kind == store.KindComment
	v.Target, v.Reporter = p.side(b, r.Target, sides.Target), p.side(b, r.Reporter, sides.Reporter)
	p.aboutReport(c, &r.Report, &v)
	takers, err := p.Community.ReportTakers(c.Request.Context(), byPage(c, acc), r.TargetID)
	if err != nil {
		return err
	}
	for _, name := range takers {
		if name != acc.Username && name != v.Report.Assigned {
			v.Takers = append(v.Takers, templates.Option{Value: name, Label: "@" + name})
		}
	}
	v.KeptDays = int(community.KeepReported.Hours() / 24)
	v.MayAct = r.Target != nil && community.MayActOn(acc, r.Target)
	v.AssignedTo, v.Mine = v.Report.Assigned, r.AssignedTo != nil && r.AssignedTo.ID == acc.ID
	if r.PostID != nil {
		kept, err := p.Community.KeptPhotos(c.Request.Context(), byPage(c, acc), r)
		if err != nil {
			return err
		}
		for i, photo := range kept {
			v.Kept = append(v.Kept, b.photoView(photo, nil, nil, i+1))
		}
	}
	then, err := p.Community.ProfilePhotosThen(c.Request.Context(), byPage(c, acc), r)
	if err != nil {
		return err
	}
	b.withheld = r.Target != nil && r.Target.SuspendedAt != nil
	for i, photo := range then {
		v.ProfileThen = append(v.ProfileThen, b.photoView(photo, nil, nil, i+1))
		v.OtherProfile = v.OtherProfile || r.Target != nil && !isProfilePhoto(r.Target, photo.ID)
	}
	if r.Post != nil {
		if r.Post.Kind == store.KindComment {
			if r.Post.RootID != nil && !r.Hidden {
				v.ThreadURL = "/posts/" + idText(r.Post.ID)
			}
			b.withheld = r.Post.Author.SuspendedAt != nil
			comment := b.commentContent(r.Post)
			v.Comment = &comment
		} else {
			b.withheld = r.Post.Author.SuspendedAt != nil
			post := b.postView(r.Post, false)
			v.Post = &post
		}
	}
	if cm := r.AnnouncementComment; cm != nil && r.Target != nil {
		v.Comment = &templates.CommentView{ID: idText(cm.ID), Author: p.accountView(r.Target), Text: templates.RichText(p.Community.Render(cm.Text, nil, nil)), Created: b.when(cm.CreatedAt)}
		switch _, err := p.Community.AnnouncementCommentByID(c.Request.Context(), acc, cm.ID); {
		case isNotFound(err):
			v.Hidden = true
		case err != nil:
			return err
		default: // the page begins with it, wherever it stands
			v.ThreadURL = community.AnnouncementCommentPath(cm)
		}
	}
	if r.ClosedAt != nil {
		v.ClosedAt = b.when(*r.ClosedAt)
		if r.ClosedBy != nil {
			v.ClosedBy = r.ClosedBy.Username
		}
	}
	return p.render(c, status, templates.AdminReportPage(pg, v))
}

// isProfilePhoto reports whether the account has that avatar or header now.
func isProfilePhoto(a *store.Account, id int64) bool {
	return a.AvatarPhotoID != nil && *a.AvatarPhotoID == id || a.HeaderPhotoID != nil && *a.HeaderPhotoID == id
}

func (p *Pages) decideReport(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	v := templates.AdminReportView{Verdict: c.PostForm("decision"), Words: c.PostForm("words"), Until: c.PostForm("until"), Alike: c.PostForm("alike") == "on", Reason: c.PostForm("reason")}
	until, err := p.untilOf(c)
	if err == nil && asks(c) {
		switch v.Verdict {
		case store.DecideSuspend:
			return p.askSuspension(c, "")
		case store.DecideRemove:
			l := p.lang(c)
			return p.askAgain(c, l.T("Remove it?"), l.T("It disappears for everybody, with its photographs and comments, and its author is told why.")+" "+l.T("This cannot be undone."), l.T("Remove it"))
		}
	}
	switch {
	case err != nil:
	case v.Verdict == "":
		err = chooseFirst("decision")
	default:
		s := community.Sanction{Words: v.Words, Alike: v.Alike}
		if v.Verdict == store.DecideSuspend {
			s.Until = until
		}
		_, err = p.Community.DecideReport(c.Request.Context(), byPage(c, acc), id, v.Verdict, s)
	}
	return p.afterReport(c, acc, id, err, v, "decided")
}

// afterReport shows what is wrong in the form, or goes back to the reports.
func (p *Pages) afterReport(c *gin.Context, acc *store.Account, id int64, err error, v templates.AdminReportView, flash string) error {
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showFiledReport(c, http.StatusUnprocessableEntity, acc, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, flash)
	if flash == "decided" {
		return redirect(c, "/admin/reports")
	}
	return redirect(c, "/admin/reports/"+idText(id))
}

func (p *Pages) assignReport(take bool) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, acc *store.Account) error {
		id, err := idParam(c, "id")
		if err != nil {
			return err
		}
		v := templates.AdminReportView{Alike: true, Taker: c.PostForm("moderator")}
		if take && v.Taker != "" {
			_, err = p.Community.GiveReport(c.Request.Context(), byPage(c, acc), id, v.Taker)
		} else {
			_, err = p.Community.AssignReport(c.Request.Context(), byPage(c, acc), id, take)
		}
		return p.afterReport(c, acc, id, err, v, "done")
	}
}

func (p *Pages) reopenReport(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	_, err = p.Community.ReopenReport(c.Request.Context(), byPage(c, acc), id)
	return p.afterReport(c, acc, id, err, templates.AdminReportView{Alike: true}, "done")
}

// aboutReport fills the form that says what a report is about: as it was typed, else as the report says. Rules that the report
// names and the site has no longer can be kept.
func (p *Pages) aboutReport(c *gin.Context, r *store.Report, v *templates.AdminReportView) {
	l := p.lang(c)
	for _, category := range community.ReportCategories {
		v.Categories = append(v.Categories, templates.Option{Value: category, Label: l.T(categoryWords[category])})
	}
	broken := community.RulesOf(r)
	if v.AboutTyped {
		broken = v.RulesTyped
	} else {
		v.Category, v.WasCategory, v.WasRules = r.Category, r.Category, broken
	}
	rules := p.rulesIn(c, p.siteLanguage(c)) // as those who moderate read them, and as reports name them
	for _, rule := range community.RulesOf(r) {
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	for _, rule := range rules {
		v.RuleChoices = append(v.RuleChoices, templates.RuleChoice{Words: rule, Broken: slices.Contains(broken, rule)})
	}
}

// editReport says what a report is about. It changes only what the sender changed: somebody else may have changed the rest
// meanwhile.
func (p *Pages) editReport(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	v := templates.AdminReportView{Alike: true, AboutTyped: true, Category: c.PostForm("category"), RulesTyped: c.PostFormArray("rules"), EditReason: c.PostForm("edit_reason")}
	v.WasRules = c.PostFormArray("was_rules")
	var change community.ReportChange
	was, sent := c.GetPostForm("was_category")
	if v.WasCategory = was; v.Category != "" && (!sent || v.Category != was) { // reports of earlier releases have none
		change.Category = &v.Category
	}
	if !sent || !slices.Equal(slices.Sorted(slices.Values(v.RulesTyped)), slices.Sorted(slices.Values(v.WasRules))) {
		change.Rules = &v.RulesTyped
	}
	by := byPage(c, acc)
	by.Reason = v.EditReason
	_, err = p.Community.EditReport(c.Request.Context(), by, id, change)
	if errs, ok := p.fieldErrors(c, err, map[string]string{"reason": "edit_reason"}); ok {
		v.Errors = errs
		return p.showFiledReport(c, http.StatusUnprocessableEntity, acc, v)
	}
	return p.afterReport(c, acc, id, err, v, "done")
}
