package api

import (
	"context"
	"net/http"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) adminEndpoints() []endpoint {
	const (
		get, post                   = http.MethodGet, http.MethodPost
		readAccounts, writeAccounts = "admin:read:accounts", "admin:write:accounts"
		readReports, writeReports   = "admin:read:reports", "admin:write:reports"
		accountsPath, reportsPath   = "/api/v1/admin/accounts", "/api/v1/admin/reports"
	)
	return []endpoint{
		{method: get, path: accountsPath, access: members, scope: readAccounts, answer: a.adminAccountsV1},
		{method: get, path: "/api/v2/admin/accounts", access: members, scope: readAccounts, answer: a.adminAccountsV2},
		{method: get, path: accountsPath + "/:id", access: members, scope: readAccounts, answer: a.adminAccount},
		{method: http.MethodDelete, path: accountsPath + "/:id", access: members, scope: writeAccounts, answer: a.adminDelete},
		{method: post, path: accountsPath + "/:id/action", access: members, scope: writeAccounts, answer: a.adminAct},
		{method: post, path: accountsPath + "/:id/unsilence", access: members, scope: writeAccounts, answer: a.adminUndo((*community.Community).UnlimitMember)},
		{method: post, path: accountsPath + "/:id/unsuspend", access: members, scope: writeAccounts, answer: a.adminUndo((*community.Community).UnsuspendMember)},
		{method: post, path: accountsPath + "/:id/approve", access: members, scope: writeAccounts, answer: a.adminApprove},
		{method: post, path: accountsPath + "/:id/reject", access: members, scope: writeAccounts, answer: a.adminReject},
		// Nobody's log-in is disabled alone, and nobody's photos are all marked: these undo what never is.
		{method: post, path: accountsPath + "/:id/enable", access: members, scope: writeAccounts, answer: a.adminAccount},
		{method: post, path: accountsPath + "/:id/unsensitive", access: members, scope: writeAccounts, answer: a.adminAccount},
		{method: http.MethodPut, path: reportsPath + "/:id", access: members, scope: writeReports, answer: a.adminEditReport},
		{method: get, path: reportsPath, access: members, scope: readReports, answer: a.adminReports},
		{method: get, path: reportsPath + "/:id", access: members, scope: readReports, answer: a.adminReport},
		{method: post, path: reportsPath + "/:id/assign_to_self", access: members, scope: writeReports, answer: a.adminAssign(true)},
		{method: post, path: reportsPath + "/:id/unassign", access: members, scope: writeReports, answer: a.adminAssign(false)},
		{method: post, path: reportsPath + "/:id/resolve", access: members, scope: writeReports, answer: a.adminResolve},
		{method: post, path: reportsPath + "/:id/reopen", access: members, scope: writeReports, answer: a.adminReopen},
	}
}

func (q *call) admin() community.By {
	return community.By{Account: q.account, Via: community.ViaAPI, Reason: q.params.text("reason")}
}

func (q *call) readsEmails() bool { return community.May(q.account, community.ReadEmails) }

func (a *API) adminList(q *call, s community.MemberSearch) (any, error) {
	list, err := a.Community.Members(q.ctx(), q.admin(), s, q.page(100, 200))
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		q.link(list[len(list)-1].ID, list[0].ID)
	}
	v, all := q.view(), make([]*AdminAccount, 0, len(list))
	for _, m := range list {
		all = append(all, v.adminAccount(m, q.readsEmails()))
	}
	return all, nil
}

// onlyOne is which of the parameters has a value, "" for none. Members are looked for by one of them: two would be an
// answer to half of the question.
func (q *call) onlyOne(has func(p *params, name string) bool, names ...string) (string, error) {
	found := ""
	for _, name := range names {
		if !has(q.params, name) {
			continue
		}
		if found != "" {
			return "", invalid(found + ", " + name + ": members are looked for by one of them")
		}
		found = name
	}
	return found, nil
}

func (q *call) searchText() (string, error) {
	name, err := q.onlyOne(isText, "username", "display_name", "email")
	if name == "" {
		return "", err
	}
	return q.params.text(name), nil
}

// memberStates are the states of members by the names that the first version has for them.
var memberStates = map[string]string{"active": store.MemberActive, "silenced": store.MemberLimited, "suspended": store.MemberSuspended, "pending": store.MemberWaiting}

func (a *API) adminAccountsV1(q *call) (any, error) {
	text, err := q.searchText()
	if err != nil {
		return nil, err
	}
	state, err := q.onlyOne((*params).isTrue, "active", "silenced", "suspended", "pending")
	if err != nil {
		return nil, err
	}
	s := community.MemberSearch{Text: text, Staff: q.params.isTrue("staff"), State: memberStates[state]}
	for _, name := range []string{"remote", "disabled", "sensitized"} { // there are none
		if q.params.isTrue(name) {
			return []*AdminAccount{}, nil
		}
	}
	return a.adminList(q, s)
}

func (a *API) adminAccountsV2(q *call) (any, error) {
	text, err := q.searchText()
	if err != nil {
		return nil, err
	}
	s := community.MemberSearch{Text: text, Staff: q.params.text("permissions") == "staff"}
	switch q.params.text("status") {
	case "":
	case "active", "silenced", "suspended", "pending":
		s.State = memberStates[q.params.text("status")]
	case "disabled":
		return []*AdminAccount{}, nil
	default:
		return nil, invalid("status is one of active, pending, disabled, silenced, suspended")
	}
	switch q.params.text("origin") {
	case "", "local":
	case "remote":
		return []*AdminAccount{}, nil
	default:
		return nil, invalid("origin is local or remote")
	}
	if permissions := q.params.text("permissions"); permissions != "" && permissions != "staff" {
		return nil, invalid("permissions is staff or nothing")
	}
	return a.adminList(q, s)
}

// target is the member whom the path names.
func (a *API) target(q *call) (*community.Member, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return a.Community.MemberByID(q.ctx(), q.admin(), id)
}

func (a *API) adminAccount(q *call) (any, error) {
	m, err := a.target(q)
	if err != nil {
		return nil, err
	}
	return q.view().adminAccount(m.Account, q.readsEmails()), nil
}

func (a *API) adminDelete(q *call) (any, error) {
	m, err := a.target(q)
	if err != nil {
		return nil, err
	}
	if !m.Barred() {
		return nil, &Error{Status: http.StatusForbidden, Message: "The account is not suspended"}
	}
	if _, err := a.Community.DeleteMember(q.ctx(), q.admin(), m.Username); err != nil {
		return nil, err
	}
	return q.view().adminAccount(m.Account, q.readsEmails()), nil
}

// actions are the kinds of decisions that clients ask for.
var actions = map[string]string{"none": store.DecideWarn, "silence": store.DecideLimit, "suspend": store.DecideSuspend}

// adminAct decides about a member. With report_id the report is closed with it.
func (a *API) adminAct(q *call) (any, error) {
	kind, ok := actions[q.params.text("type")]
	if !ok {
		return nil, invalid("type is one of none, silence, suspend")
	}
	m, err := a.target(q)
	if err != nil {
		return nil, err
	}
	s := community.Sanction{Words: q.params.text("text")}
	ctx, by := q.ctx(), q.admin()
	if report := q.params.otherID("report_id"); report != 0 {
		r, err := a.Community.ReportByID(ctx, q.account, report)
		if err != nil {
			return nil, err
		}
		if r.TargetID != m.Account.ID {
			return nil, invalid("The report is about another account")
		}
		if kind == store.DecideWarn && s.Words == "" {
			kind = store.DecideNothing
		}
		_, err = a.Community.DecideReport(ctx, by, report, kind, s)
		return nothing{}, err
	}
	switch {
	case kind == store.DecideLimit:
		_, err = a.Community.LimitMember(ctx, by, m.Username, s)
	case kind == store.DecideSuspend:
		_, err = a.Community.SuspendMember(ctx, by, m.Username, s)
	default:
		_, err = a.Community.WarnMember(ctx, by, m.Username, s)
	}
	return nothing{}, err
}

func (a *API) adminUndo(undo func(*community.Community, context.Context, community.By, string) (*store.Account, error)) func(*call) (any, error) {
	return func(q *call) (any, error) {
		m, err := a.target(q)
		if err != nil {
			return nil, err
		}
		now, err := undo(a.Community, q.ctx(), q.admin(), m.Username)
		if err != nil {
			return nil, err
		}
		return q.view().adminAccount(now, q.readsEmails()), nil
	}
}

// waiting is the member whom the path names, who must wait to be let in.
func (a *API) waiting(q *call) (*community.Member, error) {
	m, err := a.target(q)
	if err == nil && m.WaitingAt == nil {
		err = &Error{Status: http.StatusForbidden, Message: "This action is not allowed"}
	}
	return m, err
}

func (a *API) adminApprove(q *call) (any, error) {
	m, err := a.waiting(q)
	if err != nil {
		return nil, err
	}
	now, err := a.Community.ApproveMember(q.ctx(), q.admin(), m.Username)
	if err != nil {
		return nil, err
	}
	return q.view().adminAccount(now, q.readsEmails()), nil
}

// adminReject removes the sign-up, so that the answer is the account as it was.
func (a *API) adminReject(q *call) (any, error) {
	m, err := a.waiting(q)
	if err != nil {
		return nil, err
	}
	if err := a.Community.RefuseMember(q.ctx(), q.admin(), m.Username, ""); err != nil {
		return nil, err
	}
	return q.view().adminAccount(m.Account, q.readsEmails()), nil
}

// adminEditReport says what a report is about: its category, and the rules that were broken.
func (a *API) adminEditReport(q *call) (any, error) {
	change := community.ReportChange{Category: q.params.given("category")}
	if q.params.hasList("rule_ids") {
		words, err := a.rulesByID(q, q.params.list("rule_ids"))
		if err != nil {
			return nil, err
		}
		change.Rules = &words
	}
	return a.onReport(q, func(id int64) (*community.FiledReport, error) {
		return a.Community.EditReport(q.ctx(), q.admin(), id, change)
	})
}

func (a *API) adminReports(q *call) (any, error) {
	state := store.ReportOpen
	if q.params.isTrue("resolved") {
		state = store.ReportClosed
	}
	list, err := a.Community.ReportsOf(q.ctx(), q.account, community.ReportSearch{State: state, ReporterID: q.params.otherID("account_id"), TargetID: q.params.otherID("target_account_id")}, q.page(100, 200))
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		q.link(list[len(list)-1].ID, list[0].ID)
	}
	v, all := q.view(), make([]*AdminReport, 0, len(list))
	for _, r := range list {
		all = append(all, v.adminReport(r, q.readsEmails()))
	}
	return all, nil
}

func (q *call) answerReport(r *community.FiledReport, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return q.view().adminReport(r, q.readsEmails()), nil
}

func (a *API) onReport(q *call, act func(id int64) (*community.FiledReport, error)) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return q.answerReport(act(id))
}

func (a *API) adminReport(q *call) (any, error) {
	return a.onReport(q, func(id int64) (*community.FiledReport, error) { return a.Community.ReportByID(q.ctx(), q.account, id) })
}

func (a *API) adminAssign(take bool) func(*call) (any, error) {
	return func(q *call) (any, error) {
		return a.onReport(q, func(id int64) (*community.FiledReport, error) {
			return a.Community.AssignReport(q.ctx(), q.admin(), id, take)
		})
	}
}

func (a *API) adminResolve(q *call) (any, error) {
	return a.onReport(q, func(id int64) (*community.FiledReport, error) { return a.Community.CloseReport(q.ctx(), q.admin(), id) })
}

func (a *API) adminReopen(q *call) (any, error) {
	return a.onReport(q, func(id int64) (*community.FiledReport, error) {
		return a.Community.ReopenReport(q.ctx(), q.admin(), id)
	})
}
