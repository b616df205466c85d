package pages

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerMembers(r Routes) {
	get, post := http.MethodGet, http.MethodPost
	r.Personal(get, "/admin/members", p.may(community.ReadMembers, p.members))
	r.Personal(get, "/admin/members/:name", p.may(community.ReadMembers, p.memberPage))
	r.Personal(post, "/admin/members/:name/decide", p.may(community.Warn, p.decideMember))
	r.Personal(post, "/admin/members/:name/decisions/:id/undo", p.may(community.Unwarn, p.undoDecision))
	r.Personal(post, "/admin/members/:name/act", p.may(community.LogOut, p.actOnMember))
	r.Personal(post, "/admin/members/:name/role", p.may(community.SetRole, p.setMemberRole))
	r.Personal(post, "/admin/members/:name/quota", p.may(community.SetQuota, p.setMemberQuota))
	r.Personal(post, "/admin/members/:name/note", p.may(community.Note, p.noteMember))
	r.Personal(post, "/admin/members/:name/note/:id/remove", p.may(community.RemoveNote, p.removeNote))
}

func options(l *lang.Language, values []string, names map[string]string) []templates.Option {
	var list []templates.Option
	for _, v := range values {
		list = append(list, templates.Option{Value: v, Label: l.T(names[v])})
	}
	return list
}

func memberURL(name string) string { return "/admin/members/" + name }

func (p *Pages) memberRow(b viewBuilder, a *store.Account, email bool) templates.MemberRow {
	row := templates.MemberRow{Account: p.accountView(a), URL: memberURL(a.Username), Posts: a.PostsCount, Joined: b.when(a.CreatedAt), State: stateWords(b.lang, a)}
	if a.Role != store.RoleMember {
		row.Role = b.lang.T(templates.RoleNames[a.Role])
	}
	if email {
		row.Email = a.Email
	}
	return row
}

func stateWords(l *lang.Language, a *store.Account) string {
	switch {
	case a.WaitingAt != nil:
		return l.T(templates.MemberStateNames[store.MemberWaiting])
	case a.OnlyLeaving():
		return l.T(templates.MemberStateNames[store.MemberLeaving])
	case a.SuspendedAt != nil:
		return l.T(templates.MemberStateNames[store.MemberSuspended])
	case a.Limited():
		return l.T(templates.MemberStateNames[store.MemberLimited])
	}
	return ""
}

func (p *Pages) members(c *gin.Context, acc *store.Account) error {
	q := community.MemberSearch{Text: c.Query("q"), Role: c.Query("role"), State: c.Query("state")}
	page := pageOf(c, listLimit)
	list, err := p.Community.Members(c.Request.Context(), byPage(c, acc), q, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Members"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v := templates.MembersView{
		Text: q.Text, Role: q.Role, State: q.State, Emails: community.May(acc, community.ReadEmails), System: community.May(acc, community.ReadSystem),
		Roles: options(b.lang, community.Roles, templates.RoleNames), States: options(b.lang, community.MemberStates, templates.MemberStateNames),
		Pager: past(c),
	}
	for _, a := range list {
		v.Rows = append(v.Rows, p.memberRow(b, a, v.Emails))
	}
	if len(list) > 0 {
		v.Pager = pager(c, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	return p.render(c, http.StatusOK, templates.MembersPage(pg, v))
}

func (p *Pages) memberPage(c *gin.Context, acc *store.Account) error {
	return p.showMember(c, http.StatusOK, acc, templates.MemberView{})
}

// showMember renders a member's page. v has what was typed, what is wrong with it, and what is shown once.
func (p *Pages) showMember(c *gin.Context, status int, acc *store.Account, v templates.MemberView) error {
	ctx := c.Request.Context()
	m, err := p.Community.MemberByName(ctx, byPage(c, acc), c.Param("name"))
	if err != nil {
		return err
	}
	pg, err := p.confirmPage(c, "@"+m.Username)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	l := b.lang
	v.MemberRow = p.memberRow(b, m.Account, m.Email != "")
	v.Role = l.T(templates.RoleNames[m.Role])
	v.UsedBytes, v.Photos = fileSize(l, m.Bytes), l.N("%d photograph", "%d photographs", int(m.MemberFacts.Photos))
	v.PostsCount, v.Comments = m.PostsCount, m.CommentsCount
	if m.Invitation != nil {
		row := b.invitationRow(m.Invitation)
		v.Invitation = &row
	}
	v.JoinReason = m.JoinReason
	if m.MailFailedAt != nil {
		v.MailFailed = b.when(*m.MailFailedAt)
	}
	v.Confirmed, v.Suspended, v.Limited = m.EmailVerifiedAt != nil, m.Barred(), m.Account.Limited()
	v.Waiting = m.WaitingAt != nil
	if m.LeavingAt != nil {
		v.LeavesUntil = momentWords(l, store.ToMillis(community.LeavesUntil(m.Account)), true)
	}
	v.SuspendedUntil, v.TwoFactors = untilText(l, m.SuspendedUntil), community.HasTwoFactors(m.Account)
	v.MayAct, v.Oneself, v.Administers = m.MayAct, m.Oneself, community.May(acc, community.SetRole)
	for _, o := range options(l, community.Roles, templates.RoleNames) {
		if acc.Role == store.RoleOwner || o.Value == store.RoleMember || o.Value == store.RoleModerator {
			v.Roles = append(v.Roles, o)
		}
	}
	v.ReportsAbout, v.OpenHere, v.ReportsMade = int(m.MemberFacts.ReportsAbout), int(m.OpenReports), int(m.ReportsMade)
	v.Removed, v.Warnings = int(m.RemovedPosts), int(m.Warnings)
	for _, r := range m.About {
		v.About = append(v.About, p.reportRow(b, r))
	}
	for _, r := range m.By {
		v.By = append(v.By, p.reportRow(b, r))
	}
	for _, d := range m.Decisions {
		view := p.decisionView(b, d)
		if d.Appeal != "" && !m.Oneself {
			view.URL = "/admin/appeals/" + view.ID
		}
		v.Decisions = append(v.Decisions, view)
	}
	for _, n := range m.Notes {
		note := templates.MemberNote{ID: idText(n.ID), Words: n.Words, Created: b.when(n.CreatedAt)}
		if n.Author != nil {
			note.Author = n.Author.Username
		}
		v.Notes = append(v.Notes, note)
	}
	list, err := p.Sessions.List(ctx, m.Account)
	if err != nil {
		return err
	}
	for _, s := range list {
		v.Sessions = append(v.Sessions, templates.SessionView{ID: sessionID(s), Device: device(l, s.UserAgent), Address: s.Address, Created: b.when(s.CreatedAt), Seen: b.when(s.UsedAt)})
	}
	apps, err := p.Community.ApplicationsOf(ctx, m.Account)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if a.App != nil {
			v.Applications = append(v.Applications, templates.ApplicationView{ID: idText(a.App.ID), Name: a.App.Name, Created: b.when(a.CreatedAt), Used: b.when(a.UsedAt)})
		}
	}
	if m.StorageQuota != nil && !v.Form.QuotaTyped {
		v.QuotaMB = strconv.FormatInt(*m.StorageQuota/1_000_000, 10)
	}
	return p.render(c, status, templates.MemberPage(pg, v))
}

func untilText(l *lang.Language, at *store.Millis) string {
	if at == nil {
		return ""
	}
	return l.Date(at.Time(), "2 January 2006")
}

// untilOf reads the day on which a suspension ends.
func (p *Pages) untilOf(c *gin.Context) (*time.Time, error) {
	text := strings.TrimSpace(c.PostForm("until"))
	if text == "" {
		return nil, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.UTC)
	if err != nil {
		return nil, &community.Invalid{Fields: []community.FieldError{{Field: "until", Code: "invalid", Message: lang.Key("Write the day as 2026-12-31.")}}}
	}
	return &t, nil
}

// afterAct shows the member's page again: with what is wrong in the form, or by a redirect.
func (p *Pages) afterAct(c *gin.Context, acc *store.Account, err error, v templates.MemberView, names map[string]string) error {
	if errs, ok := p.fieldErrors(c, err, names); ok {
		v.Errors = errs
		return p.showMember(c, http.StatusUnprocessableEntity, acc, v)
	}
	if errs, status, err := p.formErrors(c, err); err != nil { // too many wrong passwords
		return err
	} else if status != 0 {
		v.Errors = errs
		return p.showMember(c, status, acc, v)
	}
	p.setFlash(c, "done")
	return redirect(c, memberURL(c.Param("name")))
}

func (p *Pages) decideMember(c *gin.Context, acc *store.Account) error {
	v := templates.MemberView{Form: templates.MemberForm{Decision: c.PostForm("decision"), Words: c.PostForm("words"), Until: c.PostForm("until"), Reason: c.PostForm("reason")}}
	until, err := p.untilOf(c)
	if err == nil && v.Form.Decision == "suspend" && asks(c) {
		return p.askSuspension(c, c.Param("name"))
	}
	if err == nil {
		ctx, by, name := c.Request.Context(), byReason(c, acc, "reason"), c.Param("name")
		s := community.Sanction{Words: v.Form.Words}
		if v.Form.Decision != "warn" { // the others change nothing the second time, and may be meant so after their opposite
			by.Key = ""
		}
		switch v.Form.Decision {
		case "warn":
			_, err = p.Community.WarnMember(ctx, by, name, s)
		case "limit":
			_, err = p.Community.LimitMember(ctx, by, name, s)
		case "unlimit":
			_, err = p.Community.UnlimitMember(ctx, by, name)
		case "suspend":
			s.Until = until
			_, err = p.Community.SuspendMember(ctx, by, name, s)
		case "unsuspend":
			_, err = p.Community.UnsuspendMember(ctx, by, name)
		default:
			err = chooseFirst("decision")
		}
	}
	return p.afterAct(c, acc, err, v, nil)
}

func chooseFirst(field string) error {
	return &community.Invalid{Fields: []community.FieldError{{Field: field, Code: "blank", Message: lang.Key("Choose what to do.")}}}
}

func (p *Pages) undoDecision(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	return p.afterAct(c, acc, p.Community.UndoDecision(c.Request.Context(), byPage(c, acc), id), templates.MemberView{}, nil)
}

// byReason is byPage for a form that asks for a reason, in a field of that name.
func byReason(c *gin.Context, acc *store.Account, field string) community.By {
	by := byPage(c, acc)
	by.Reason, by.MustSayWhy = c.PostForm(field), true
	return by
}

// byConfirmed is byReason for a form that also asks for the password of whoever acts, or for a passkey.
func (p *Pages) byConfirmed(c *gin.Context, acc *store.Account, reason, password string) community.By {
	by, confirm := byReason(c, acc, reason), p.confirmation(c, password)
	by.Confirm = &confirm
	return by
}

func (p *Pages) actOnMember(c *gin.Context, acc *store.Account) error {
	v := templates.MemberView{Form: templates.MemberForm{Act: c.PostForm("act"), ActReason: c.PostForm("act_reason"), Confirm: c.PostForm("confirm")}}
	ctx, by, name := c.Request.Context(), byReason(c, acc, "act_reason"), c.Param("name")
	if v.Form.Act != "delete" { // the others may be done again
		by.Key = ""
	}
	confirmed := func() community.By {
		by := by
		confirm := p.confirmation(c, "act_password")
		by.Confirm = &confirm
		return by
	}
	var err error
	switch v.Form.Act {
	case "logout":
		var m *store.Account
		if m, err = p.Community.LogOutMember(ctx, by, name); err == nil {
			p.endEverywhere(c, m)
		}
	case "reset":
		var secret string
		if secret, err = p.Community.CreateResetLink(ctx, confirmed(), name); err == nil {
			c.Header("Cache-Control", "no-store")
			return p.showMember(c, http.StatusOK, acc, templates.MemberView{ResetURL: p.Community.LinkURL(secret)})
		}
	case "factors":
		_, err = p.Community.TakeTwoFactors(ctx, confirmed(), name)
	case "leave":
		var m *store.Account
		if m, err = p.Community.LeaveMember(ctx, confirmed(), name); err == nil {
			p.endEverywhere(c, m)
		}
	case "back":
		_, err = p.Community.BringBackMember(ctx, by, name)
	case "delete":
		if store.Fold(strings.TrimPrefix(strings.TrimSpace(v.Form.Confirm), "@")) != store.Fold(name) {
			err = &community.Invalid{Fields: []community.FieldError{{Field: "confirm", Code: "invalid", Message: lang.Key("Type the member’s name to confirm.")}}}
			break
		}
		var m *store.Account
		if m, err = p.Community.DeleteMember(ctx, confirmed(), name); err == nil {
			p.endEverywhere(c, m)
			p.setFlash(c, "member-deleted")
			return redirect(c, "/admin/members")
		}
	default:
		err = chooseFirst("act")
	}
	return p.afterAct(c, acc, err, v, map[string]string{"reason": "act_reason", "password": "act_password"})
}

// endEverywhere has a store of sessions that is another than the database forget them. They are over already.
func (p *Pages) endEverywhere(c *gin.Context, acc *store.Account) {
	if err := p.Sessions.EndOthers(c.Request.Context(), acc, ""); err != nil {
		p.Log.WarnContext(c.Request.Context(), "the sessions of a member are left to expire", "account", acc.ID, "error", err)
	}
}

func (p *Pages) setMemberRole(c *gin.Context, acc *store.Account) error {
	v := templates.MemberView{Form: templates.MemberForm{Role: c.PostForm("role"), RoleReason: c.PostForm("role_reason")}}
	_, err := p.Community.SetMemberRole(c.Request.Context(), p.byConfirmed(c, acc, "role_reason", "role_password"), c.Param("name"), v.Form.Role)
	return p.afterAct(c, acc, err, v, map[string]string{"reason": "role_reason", "password": "role_password"})
}

func (p *Pages) setMemberQuota(c *gin.Context, acc *store.Account) error {
	v := templates.MemberView{QuotaMB: c.PostForm("quota"), Form: templates.MemberForm{QuotaTyped: true, QuotaReason: c.PostForm("quota_reason")}}
	bytes, err := quotaOf(v.QuotaMB)
	if err == nil {
		_, err = p.Community.SetMemberQuota(c.Request.Context(), byReason(c, acc, "quota_reason"), c.Param("name"), bytes)
	}
	return p.afterAct(c, acc, err, v, map[string]string{"reason": "quota_reason"})
}

// quotaOf reads megabytes.
func quotaOf(text string) (*int64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	mb, err := strconv.ParseInt(text, 10, 64)
	if err != nil || mb < 0 || mb > 1<<40 {
		return nil, &community.Invalid{Fields: []community.FieldError{{Field: "quota", Code: "invalid", Message: lang.Key("The quota is a number of megabytes, or empty for none.")}}}
	}
	bytes := mb * 1_000_000
	return &bytes, nil
}

func (p *Pages) noteMember(c *gin.Context, acc *store.Account) error {
	v := templates.MemberView{Form: templates.MemberForm{Note: c.PostForm("note")}}
	err := p.Community.NoteMember(c.Request.Context(), byPage(c, acc), c.Param("name"), v.Form.Note)
	return p.afterAct(c, acc, err, v, nil)
}

func (p *Pages) removeNote(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	err = p.Community.RemoveNote(c.Request.Context(), byPage(c, acc), c.Param("name"), id)
	return p.afterAct(c, acc, err, templates.MemberView{}, nil)
}
