package pages

import (
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerDecisions(r Routes) {
	get, post := http.MethodGet, http.MethodPost
	r.Personal(get, "/settings/decisions", p.member(p.decisions))
	r.Personal(get, "/settings/decisions/:id", p.member(p.decision))
	r.Personal(post, "/settings/decisions/:id", p.member(p.appeal))
	r.Personal(get, "/admin/appeals", p.may(community.ReadReports, p.appeals))
	r.Personal(get, "/admin/appeals/:id", p.may(community.ReadReports, p.appealPage))
	r.Personal(post, "/admin/appeals/:id", p.may(community.AnswerAppeal, p.answerAppeal))
	r.Personal(get, "/suspended", p.suspended(p.suspendedPage))
	r.Personal(get, "/suspended/decisions/:id", p.suspended(p.suspendedDecision))
	r.Personal(post, "/suspended/decisions/:id", p.suspended(p.suspendedAppeal))
	r.Personal(post, "/suspended/export", p.suspended(p.suspendedExport))
	r.Download(get, "/suspended/export/:id/:part", p.suspended(p.downloadExport))
	r.Personal(post, "/suspended/delete", p.suspended(p.suspendedDelete))
	r.Personal(post, "/suspended/leave", p.shutOut(p.leaveSuspended))
}

func (p *Pages) decisionView(b viewBuilder, d *community.Decision) templates.DecisionView {
	v := templates.DecisionView{
		ID: idText(d.ID), Kind: d.Kind, Words: d.Words, Excerpt: d.Excerpt, Until: untilText(b.lang, d.EndsAt), Created: b.when(d.CreatedAt),
		Undone: d.UndoneAt != nil, Answerable: d.Appealable(), Appeal: d.Appeal, Answer: d.Answer, AnswerWords: d.AnswerWords,
	}
	if d.Account != nil {
		v.About = p.accountView(d.Account)
	}
	if d.By != nil {
		v.By = d.By.Username
	}
	if d.AnsweredBy != nil {
		v.AnsweredBy = d.AnsweredBy.Username
	}
	return v
}

// ownDecisions are those about a member, with addresses below base.
func (p *Pages) ownDecisions(c *gin.Context, acc *store.Account, base string) ([]templates.DecisionView, error) {
	list, err := p.Community.OwnDecisions(c.Request.Context(), acc)
	if err != nil {
		return nil, err
	}
	b := p.viewBuilder(c)
	var out []templates.DecisionView
	for _, d := range list {
		v := p.decisionView(b, d)
		v.URL = base + v.ID
		out = append(out, v)
	}
	return out, nil
}

func (p *Pages) ownDecision(c *gin.Context, acc *store.Account, base string) (templates.DecisionPageView, error) {
	list, err := p.ownDecisions(c, acc, base)
	for _, d := range list {
		if d.ID == c.Param("id") {
			return templates.DecisionPageView{Decision: d, Words: c.PostForm("words")}, nil
		}
	}
	if err == nil {
		err = community.ErrNotFound
	}
	return templates.DecisionPageView{}, err
}

func (p *Pages) decisions(c *gin.Context, acc *store.Account) error {
	list, err := p.ownDecisions(c, acc, "/settings/decisions/")
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Decisions of moderators"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.DecisionsPage(pg, templates.DecisionsView{Decisions: list}))
}

func (p *Pages) decision(c *gin.Context, acc *store.Account) error {
	return p.showDecision(c, http.StatusOK, acc, nil)
}

func (p *Pages) showDecision(c *gin.Context, status int, acc *store.Account, errs templates.FieldErrors) error {
	v, err := p.ownDecision(c, acc, "/settings/decisions/")
	if err != nil {
		return err
	}
	v.Errors = errs
	pg, err := p.page(c, p.lang(c).T("Decisions of moderators"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.DecisionPage(pg, v))
}

func (p *Pages) appeal(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	err = p.Community.AppealDecision(c.Request.Context(), acc, id, c.PostForm("words"))
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showDecision(c, http.StatusUnprocessableEntity, acc, errs)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "answered")
	return redirect(c, "/settings/decisions/"+idText(id))
}

func (p *Pages) appeals(c *gin.Context, acc *store.Account) error {
	list, err := p.Community.Appeals(c.Request.Context(), byPage(c, acc))
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Answers to decisions"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v := templates.AppealsView{System: community.May(acc, community.ReadSystem)}
	for _, d := range list {
		row := p.decisionView(b, d)
		row.URL = "/admin/appeals/" + row.ID
		v.Appeals = append(v.Appeals, row)
	}
	return p.render(c, http.StatusOK, templates.AppealsPage(pg, v))
}

func (p *Pages) appealPage(c *gin.Context, acc *store.Account) error {
	return p.showAppeal(c, http.StatusOK, acc, templates.AppealView{})
}

func (p *Pages) showAppeal(c *gin.Context, status int, acc *store.Account, v templates.AppealView) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	d, err := p.Community.DecisionByID(c.Request.Context(), byPage(c, acc), id)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Answers to decisions"))
	if err != nil {
		return err
	}
	v.Decision, v.Newer = p.decisionView(p.viewBuilder(c), d), d.Newer
	v.MayAct = community.MayActOn(acc, d.Account)
	kept, err := p.Community.PhotosDecidedAbout(c.Request.Context(), byPage(c, acc), d)
	if err != nil {
		return err
	}
	for i, photo := range kept {
		v.Kept = append(v.Kept, p.viewBuilder(c).photoView(photo, nil, nil, i+1))
	}
	if d.ReportID != nil {
		v.ReportURL = "/admin/reports/" + idText(*d.ReportID)
	}
	return p.render(c, status, templates.AppealPage(pg, v))
}

func (p *Pages) answerAppeal(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	v := templates.AppealView{Answer: c.PostForm("answer"), Words: c.PostForm("words"), Reason: c.PostForm("reason")}
	if v.Answer != store.AppealAccepted && v.Answer != store.AppealRejected {
		err = chooseFirst("answer")
	} else {
		err = p.Community.AnswerAppeal(c.Request.Context(), byPage(c, acc), id, v.Answer == store.AppealAccepted, v.Words)
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showAppeal(c, http.StatusUnprocessableEntity, acc, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "done")
	return redirect(c, "/admin/appeals")
}

const (
	// suspendedCookie is the purpose of the signed cookie of somebody whose account is suspended, and who knew its password:
	// the account's id and the epoch of its sessions. It is no session: it leads to /suspended alone.
	suspendedCookie = "suspended"
	suspendedLife   = time.Hour
	// suspendedSession stands for a session where something is confirmed: wrong answers are counted for all who hold such a cookie
	// of the account.
	suspendedSession = "suspended"
)

// enterSuspended leads a suspended member to the one page that is left.
func (p *Pages) enterSuspended(c *gin.Context, acc *store.Account) error {
	b := binary.BigEndian.AppendUint64(nil, uint64(acc.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(acc.SessionEpoch))
	p.Signed.SetCookie(c.Writer, suspendedCookie, b, suspendedLife)
	if act := localPath(c.PostForm(carriedAct), "/"); isSuspendedAnswer(act) { // written slowly
		return p.confirm(c, acc, act, "/suspended")
	}
	if acc.LeavingAt != nil {
		return redirect(c, "/leaving")
	}
	return redirect(c, "/suspended")
}

// isSuspendedAnswer reports whether a path takes what a suspended member answers to a decision.
func isSuspendedAnswer(path string) bool { return strings.HasPrefix(path, "/suspended/decisions/") }

// suspended wraps a handler for somebody whose account is suspended.
func (p *Pages) suspended(h func(*gin.Context, *store.Account) error) func(*gin.Context) error {
	return p.shutOut(func(c *gin.Context, acc *store.Account) error {
		if acc.LeavingAt != nil { // first the member says whether to come back
			return redirect(c, "/leaving")
		}
		return h(c, acc)
	})
}

// shutOut wraps a handler for somebody whose account is suspended, or who has left.
func (p *Pages) shutOut(h func(*gin.Context, *store.Account) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		b, ok := p.Signed.Cookie(c.Request, suspendedCookie)
		if !ok || len(b) != 16 {
			if c.Request.Method == http.MethodPost && isSuspendedAnswer(c.Request.URL.Path) {
				return p.loginFirst(c)
			}
			return community.ErrUnauthenticated
		}
		acc, err := p.Community.SuspendedAccount(c.Request.Context(), int64(binary.BigEndian.Uint64(b)), int(binary.BigEndian.Uint64(b[8:])))
		if errors.Is(err, community.ErrNotFound) { // no longer suspended, or another password
			p.Signed.DropCookie(c.Writer, suspendedCookie)
			return community.ErrUnauthenticated
		}
		if err != nil {
			return err
		}
		return h(c, acc)
	}
}

func (p *Pages) suspendedPage(c *gin.Context, acc *store.Account) error {
	return p.showSuspended(c, http.StatusOK, acc, templates.SuspendedView{})
}

func (p *Pages) showSuspended(c *gin.Context, status int, acc *store.Account, v templates.SuspendedView) error {
	list, err := p.ownDecisions(c, acc, "/suspended/decisions/")
	if err != nil {
		return err
	}
	pg, err := p.confirmPageFor(c, acc, p.lang(c).T("Your account is suspended"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	v.Name, v.Until, v.Decisions = acc.Username, untilText(pg.Lang, acc.SuspendedUntil), list
	errs := v.Export.Errors
	if v.Export, err = p.exportView(c, acc, "/suspended/export/"); err != nil {
		return err
	}
	v.Export.Errors = errs
	return p.render(c, status, templates.SuspendedPage(pg, v))
}

func (p *Pages) suspendedDecision(c *gin.Context, acc *store.Account) error {
	return p.showSuspendedDecision(c, http.StatusOK, acc, nil)
}

func (p *Pages) showSuspendedDecision(c *gin.Context, status int, acc *store.Account, errs templates.FieldErrors) error {
	v, err := p.ownDecision(c, acc, "/suspended/decisions/")
	if err != nil {
		return err
	}
	v.Errors = errs
	pg, err := p.page(c, p.lang(c).T("Your account is suspended"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	return p.render(c, status, templates.SuspendedDecisionPage(pg, v))
}

func (p *Pages) suspendedAppeal(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	err = p.Community.AppealDecision(c.Request.Context(), acc, id, c.PostForm("words"))
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showSuspendedDecision(c, http.StatusUnprocessableEntity, acc, errs)
	}
	if err != nil {
		return err
	}
	return redirect(c, "/suspended/decisions/"+idText(id))
}

func (p *Pages) leaveSuspended(c *gin.Context, _ *store.Account) error {
	p.Signed.DropCookie(c.Writer, suspendedCookie)
	return redirect(c, "/")
}

// suspendedConfirmation is confirmation for somebody who is suspended, or has left.
func (p *Pages) suspendedConfirmation(c *gin.Context, field string) community.Confirmation {
	return p.confirmationIn(c, field, suspendedSession)
}

func (p *Pages) suspendedExport(c *gin.Context, acc *store.Account) error {
	err := p.Community.StartExport(c.Request.Context(), acc, p.suspendedConfirmation(c, "export_password"))
	var v templates.SuspendedView
	var many *community.TooMany
	if errors.As(err, &many) {
		c.Header("Retry-After", seconds(many.RetryAfter))
		v.Export.Errors = templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}
		return p.showSuspended(c, http.StatusTooManyRequests, acc, v)
	}
	if errs, ok := p.fieldErrors(c, err, map[string]string{"password": "export_password"}); ok {
		v.Export.Errors = errs
		return p.showSuspended(c, http.StatusUnprocessableEntity, acc, v)
	}
	if err != nil {
		return err
	}
	return redirect(c, "/suspended")
}

func (p *Pages) suspendedDelete(c *gin.Context, acc *store.Account) error {
	v := templates.SuspendedView{Confirm: c.PostForm("confirm")}
	if store.Fold(strings.TrimPrefix(strings.TrimSpace(v.Confirm), "@")) != store.Fold(acc.Username) {
		v.Errors = templates.FieldErrors{{Field: "confirm", Message: p.lang(c).T("Type your name, %s, to confirm.", acc.Username)}}
		return p.showSuspended(c, http.StatusUnprocessableEntity, acc, v)
	}
	err := p.Community.LeaveAccount(c.Request.Context(), acc, p.suspendedConfirmation(c, "password"))
	var many *community.TooMany
	if errors.As(err, &many) {
		c.Header("Retry-After", seconds(many.RetryAfter))
		v.Errors = templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}
		return p.showSuspended(c, http.StatusTooManyRequests, acc, v)
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showSuspended(c, http.StatusUnprocessableEntity, acc, v)
	}
	if err != nil {
		return err
	}
	p.Signed.DropCookie(c.Writer, suspendedCookie)
	p.setFlash(c, "left")
	return redirect(c, "/login") // the front page is the same for all visitors, and says nothing to one
}
