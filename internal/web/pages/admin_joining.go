package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerJoining(r Routes) {
	const get, post = http.MethodGet, http.MethodPost
	r.Personal(get, "/admin/invitations", p.may(community.ReadInvitations, p.invitations))
	r.Personal(post, "/admin/invitations", p.may(community.Invite, p.invite))
	r.Personal(post, "/admin/invitations/mail", p.may(community.Invite, p.inviteByMail))
	r.Personal(get, "/admin/invitations/:id", p.may(community.ReadInvitations, p.invitation))
	r.Personal(get, "/admin/invitations/:id/card", p.may(community.ReadInvitations, p.invitationCard))
	r.Personal(post, "/admin/invitations/:id/end", p.may(community.EndInvitation, p.endInvitation))
	r.Personal(get, "/admin/waiting", p.may(community.ReadMembers, p.waiting))
	r.Personal(post, "/admin/waiting/:name/approve", p.may(community.ApproveMember, p.approveMember))
	r.Personal(post, "/admin/waiting/:name/refuse", p.may(community.RefuseMember, p.refuseMember))
}

func (b viewBuilder) invitationRow(i *store.Invitation) templates.InvitationRow {
	row := templates.InvitationRow{
		ID: idText(i.ID), URL: "/admin/invitations/" + idText(i.ID), Note: i.Note, Email: i.Email, Uses: i.Uses, MaxUses: i.MaxUses,
		State: "works", Creator: i.Creator, Created: b.when(i.CreatedAt),
	}
	if i.Role != store.RoleMember {
		row.Role = b.lang.T(templates.RoleNames[i.Role])
	}
	if i.ExpiresAt != 0 {
		row.Ends = templates.When{At: i.ExpiresAt.Time()}
	}
	if i.MailFailedAt != nil {
		row.MailFailed = b.when(*i.MailFailedAt)
	}
	switch {
	case i.EndedAt != nil:
		row.State = "ended"
	case i.MaxUses != 0 && i.Uses >= i.MaxUses:
		row.State = "used"
	case i.ExpiresAt != 0 && i.ExpiresAt.Time().Before(b.now):
		row.State = "over"
	}
	return row
}

// newInvitationsView is the page with its forms as they begin.
func (p *Pages) newInvitationsView(acc *store.Account) templates.AdminInvitationsView {
	v := templates.AdminInvitationsView{Uses: "1", Days: "30", Role: store.RoleMember, Roles: []templates.Option{{Value: store.RoleMember, Label: lang.Key("member|role")}}}
	if acc.Role == store.RoleAdmin || acc.Role == store.RoleOwner {
		v.Roles = append(v.Roles, templates.Option{Value: store.RoleModerator, Label: lang.Key("moderator|role")})
	}
	if acc.Role == store.RoleOwner {
		v.Roles = append(v.Roles, templates.Option{Value: store.RoleAdmin, Label: lang.Key("administrator|role")})
	}
	return v
}

func (p *Pages) showInvitations(c *gin.Context, acc *store.Account, status int, v templates.AdminInvitationsView) error {
	page := pageOf(c, listLimit)
	list, err := p.Community.Invitations(c.Request.Context(), byPage(c, acc), page)
	if err != nil {
		return err
	}
	pg, err := p.confirmPage(c, p.lang(c).T("Invitations"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	for _, i := range list {
		v.Rows = append(v.Rows, b.invitationRow(i))
	}
	v.Pager = past(c)
	if len(list) > 0 { // also below a form with another address
		v.Pager = pagerOf(&url.URL{Path: "/admin/invitations", RawQuery: c.Request.URL.RawQuery}, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	v.Closed = !p.Community.Site(c.Request.Context()).Registration.Invites()
	v.Mails = p.Community.MailDelivers
	return p.render(c, status, templates.AdminInvitationsPage(pg, v))
}

func (p *Pages) invitations(c *gin.Context, acc *store.Account) error {
	return p.showInvitations(c, acc, http.StatusOK, p.newInvitationsView(acc))
}

// number reads a whole number of a form; what is none is -1, which no field takes.
func number(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return -1
	}
	return n
}

func (p *Pages) invite(c *gin.Context, acc *store.Account) error {
	v := p.newInvitationsView(acc)
	v.Note, v.Uses, v.Days, v.Role = c.PostForm("note"), c.PostForm("uses"), c.PostForm("days"), c.PostForm("role")
	by, confirm := byPage(c, acc), p.confirmation(c, "password")
	by.Confirm = &confirm
	inv, err := p.Community.Invite(c.Request.Context(), by, community.NewInvitation{
		Note: v.Note, MaxUses: number(v.Uses), Days: number(v.Days), Role: v.Role, Key: c.PostForm("idempotency_key"),
	})
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		v.Errors = errs
		return p.showInvitations(c, acc, status, v)
	}
	if !community.ShowsLink(inv) {
		return p.showInvitation(c, acc, inv.ID, true)
	}
	return redirect(c, "/admin/invitations/"+idText(inv.ID))
}

func (p *Pages) inviteByMail(c *gin.Context, acc *store.Account) error {
	v := p.newInvitationsView(acc)
	v.Addresses, v.MailNote = c.PostForm("addresses"), c.PostForm("mail_note")
	done, err := p.Community.InviteByMail(c.Request.Context(), byPage(c, acc), v.Addresses, v.MailNote, c.PostForm("idempotency_key"))
	if errs, ok := p.fieldErrors(c, err, map[string]string{"note": "mail_note"}); ok {
		v.Errors = errs
		return p.showInvitations(c, acc, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	v.Mailed = &templates.MailedView{Invited: done.Invited, Wrong: done.Wrong, Members: done.Members, Blocked: done.Blocked, Already: done.Already}
	v.Addresses, v.MailNote = strings.Join(done.Wrong, "\n"), ""
	return p.showInvitations(c, acc, http.StatusOK, v)
}

func (p *Pages) invitation(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	return p.showInvitation(c, acc, id, false)
}

// showInvitation shows an invitation, made is set for who has just made it.
func (p *Pages) showInvitation(c *gin.Context, acc *store.Account, id int64, made bool) error {
	inv, came, err := p.Community.InvitationByID(c.Request.Context(), byPage(c, acc), id)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Invitation"))
	if err != nil {
		return err
	}
	v := templates.AdminInvitationView{Row: p.viewBuilder(c).invitationRow(inv)}
	if v.Once = !community.ShowsLink(inv); !v.Once {
		v.Card = v.Row.URL + "/card"
	}
	if made || !v.Once {
		v.Link = p.Community.InvitationURL(id)
	}
	v.FirstSteps = community.May(acc, community.ReadSite) && !p.Community.FirstStepsClosed(c.Request.Context())
	for _, a := range came {
		v.Came = append(v.Came, p.accountView(a))
	}
	return p.render(c, http.StatusOK, templates.AdminInvitationPage(pg, v))
}

func (p *Pages) invitationCard(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	inv, _, err := p.Community.InvitationByID(c.Request.Context(), byPage(c, acc), id)
	if err != nil {
		return err
	}
	if !community.ShowsLink(inv) {
		return community.ErrForbidden
	}
	pg, err := p.page(c, p.lang(c).T("Invitation"))
	if err != nil {
		return err
	}
	row := p.viewBuilder(c).invitationRow(inv)
	if row.State != "works" {
		return community.ErrNotFound
	}
	v := templates.InvitationCardView{Link: p.Community.InvitationURL(id), Ends: row.Ends, Back: row.URL}
	code, err := community.DrawQR(v.Link)
	if err != nil {
		return err
	}
	v.QR, v.Size = code.Path, code.Size
	return p.render(c, http.StatusOK, templates.InvitationCardPage(pg, v))
}

func (p *Pages) endInvitation(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.EndInvitation(c.Request.Context(), byPage(c, acc), id); err != nil {
		return err
	}
	return redirect(c, "/admin/invitations/"+idText(id))
}

func (p *Pages) waiting(c *gin.Context, acc *store.Account) error {
	return p.showWaiting(c, acc, http.StatusOK, templates.AdminWaitingView{})
}

// showWaiting renders the page of those who wait on which somebody is. v has what was typed, and what is wrong with it.
func (p *Pages) showWaiting(c *gin.Context, acc *store.Account, status int, v templates.AdminWaitingView) error {
	after := formID(cmp.Or(c.PostForm("after"), c.Query("after")))
	list, all, err := p.Community.Waiting(c.Request.Context(), byPage(c, acc), after)
	if err == nil && len(list) == 0 && after != 0 { // all of this page are decided
		after = 0
		list, all, err = p.Community.Waiting(c.Request.Context(), byPage(c, acc), after)
	}
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Who wants to join"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v.System = community.May(acc, community.ReadSystem)
	v.All, v.Mails = all, p.Community.MailDelivers
	if after != 0 {
		v.After, v.FirstURL = idText(after), "/admin/waiting"
	}
	for _, a := range list {
		row := templates.WaitingRow{Name: a.Username, DisplayName: a.Name(), Reason: a.JoinReason, Asked: b.when(*a.WaitingAt)}
		if community.May(acc, community.ReadEmails) {
			row.Email = a.Email
		}
		row.Unreached = a.MailFailedAt != nil
		v.Rows = append(v.Rows, row)
	}
	if len(list) == community.WaitingPage && len(list) < all {
		v.NextURL = "/admin/waiting?after=" + idText(list[len(list)-1].ID)
	}
	return p.render(c, status, templates.AdminWaitingPage(pg, v))
}

// decided answers a decision about somebody who waited.
func (p *Pages) decided(c *gin.Context, acc *store.Account, flash string, err error) error {
	// The forms are those of several people: no field has a name of its own.
	if errs, ok := p.fieldErrors(c, err, map[string]string{"words": "", "reason": ""}); ok {
		return p.showWaiting(c, acc, http.StatusUnprocessableEntity, templates.AdminWaitingView{About: c.Param("name"), Words: c.PostForm("words"), Errors: errs})
	}
	if err != nil {
		return err
	}
	p.setFlash(c, flash)
	if after := formID(c.PostForm("after")); after != 0 {
		return redirect(c, "/admin/waiting?after="+idText(after))
	}
	return redirect(c, "/admin/waiting")
}

func (p *Pages) approveMember(c *gin.Context, acc *store.Account) error {
	_, err := p.Community.ApproveMember(c.Request.Context(), byPage(c, acc), c.Param("name"))
	return p.decided(c, acc, "let-in", err)
}

func (p *Pages) refuseMember(c *gin.Context, acc *store.Account) error {
	err := p.Community.RefuseMember(c.Request.Context(), byPage(c, acc), c.Param("name"), c.PostForm("words"))
	return p.decided(c, acc, "refused", err)
}
