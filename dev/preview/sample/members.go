package sample

import (
	"github.com/a-h/templ"

	t "tintype/templates"
)

// members are the pages on which members are looked after, and on which they read what was decided.
func members(add adder) {
	at := t.When{At: now}
	roles := []t.Option{{Value: "member", Label: "Member"}, {Value: "moderator", Label: "Moderator"}}
	states := []t.Option{{Value: "limited", Label: "Limited"}, {Value: "suspended", Label: "Suspended"}}
	row := func(n int, role, state string) t.MemberRow {
		return t.MemberRow{Account: people[n], URL: "/admin/member", Role: role, State: state, Email: "somebody@example.org", Posts: 12 * n, Joined: at}
	}
	decisions := []t.DecisionView{
		{ID: "7", URL: "/settings/decision", Kind: "suspend", Words: "Enough. " + Hostile, Until: "31 December 2026", Created: at, Appeal: "It was a joke.", Answer: "waits"},
		{ID: "6", URL: "/settings/decision", Kind: "warn", Words: "Please mark such photographs.", Created: at, Answerable: true},
	}
	about := func(n int) []t.DecisionView {
		list := append([]t.DecisionView(nil), decisions...)
		for i := range list {
			list[i].About, list[i].By = people[n], "jo"
		}
		return list
	}
	add("/admin/members", "Members", true, func(p *t.Page) templ.Component {
		return t.MembersPage(p, t.MembersView{Text: "a", Roles: roles, States: states, Emails: true, System: true, Rows: []t.MemberRow{row(0, "Owner", ""), row(1, "", "Limited"), row(2, "", "Suspended")}, Pager: t.Pager{OlderURL: "/older"}})
	})
	add("/admin/members-none", "Members, nobody found", true, func(p *t.Page) templ.Component {
		return t.MembersPage(p, t.MembersView{Text: "nobody", Roles: roles, States: states})
	})
	add("/admin/member", "A member", true, func(p *t.Page) templ.Component {
		return t.MemberPage(p, t.MemberView{
			MemberRow: row(1, "Member", "Limited"), UsedBytes: "1.2 GB", Photos: "431 photos", PostsCount: 128, Comments: 7, Limited: true, MayAct: true, Administers: true, Roles: roles,
			ReportsAbout: 2, OpenHere: 1, ReportsMade: 1, Removed: 1, Warnings: 2, Decisions: about(1), QuotaMB: "2000",
			About:    []t.ReportRow{{ID: "1", URL: "/admin/report", Reason: "Spam", About: people[1], Created: at}},
			Notes:    []t.MemberNote{{ID: "3", Author: "jo", Words: "Was kind at the last walk. " + Hostile, Created: at}, {ID: "2", Words: "By command.", Created: at}},
			Sessions: []t.SessionView{{ID: "a", Device: "Firefox on Linux", Address: "192.0.2.7", Created: at, Seen: at}}, Applications: []t.ApplicationView{{ID: "1", Name: "Tusky", Created: at, Used: at}},
			Form: t.MemberForm{Decision: "warn", Reason: "rude"}, Errors: t.FieldErrors{{Field: "words", Message: "Say what the warning is about."}},
		})
	})
	add("/admin/member-above", "A member whom the reader can only look at", true, func(p *t.Page) templ.Component {
		return t.MemberPage(p, t.MemberView{MemberRow: row(0, "Owner", "Suspended"), Suspended: true, SuspendedUntil: "31 December 2026", MailFailed: t.When{At: now}})
	})
	add("/admin/appeals", "Answers to decisions", true, func(p *t.Page) templ.Component {
		return t.AppealsPage(p, t.AppealsView{Appeals: about(2)[:1]})
	})
	add("/admin/appeals-none", "Answers to decisions, none", true, func(p *t.Page) templ.Component { return t.AppealsPage(p, t.AppealsView{}) })
	add("/admin/appeal", "An answer to a decision", true, func(p *t.Page) templ.Component {
		return t.AppealPage(p, t.AppealView{Decision: about(2)[0], MayAct: true, Newer: true, ReportURL: "/admin/report"})
	})
	add("/comment-edit", "Edit a comment", true, func(p *t.Page) templ.Component {
		return t.CommentEditPage(p, t.CommentEditView{Action: "/posts/2/edit", Return: "/post", Text: Hostile, Warning: "Spiders", Warned: true, Max: 2000})
	})
	add("/settings/decisions", "Settings: decisions of moderators", true, func(p *t.Page) templ.Component {
		return t.DecisionsPage(p, t.DecisionsView{Decisions: decisions})
	})
	add("/settings/decisions-none", "Settings: decisions of moderators, none", true, func(p *t.Page) templ.Component { return t.DecisionsPage(p, t.DecisionsView{}) })
	add("/settings/decision", "Settings: a decision of moderators", true, func(p *t.Page) templ.Component {
		return t.DecisionPage(p, t.DecisionPageView{Decision: decisions[1]})
	})
	add("/suspended", "Suspended", false, func(p *t.Page) templ.Component {
		p.ConfirmByPasskey = true
		return t.SuspendedPage(p, t.SuspendedView{Name: people[2].Name, Until: "31 December 2026", Decisions: decisions})
	})
	add("/suspended-packed", "Suspended, with an export", false, func(p *t.Page) templ.Component {
		return t.SuspendedPage(p, t.SuspendedView{Name: people[2].Name, Export: t.SettingsExportView{State: "ready", Expires: "6 June", Parts: []t.DownloadView{{URL: "/x", Label: "Export", Size: "31 MB"}}}})
	})
	add("/suspended/decision", "Suspended: a decision", false, func(p *t.Page) templ.Component {
		return t.SuspendedDecisionPage(p, t.DecisionPageView{Decision: decisions[1], Errors: t.FieldErrors{{Field: "words", Message: "Write what those who decide should know."}}})
	})
}
