package sample

import (
	"fmt"
	"strings"

	"github.com/a-h/templ"

	t "tintype/templates"
)

// others are the pages of administration, and those that fit nowhere else.
func others(add adder) {
	row := func(n int) t.ReportRow {
		return t.ReportRow{ID: fmt.Sprint(n), URL: "/admin/report", Reason: "It breaks a rule", About: people[n%3], Reporter: people[(n+1)%3], Created: t.When{At: now}}
	}
	add("/admin/reports", "Reports", true, func(p *t.Page) templ.Component {
		return t.AdminReportsPage(p, t.AdminReportsView{Reports: []t.ReportRow{row(0), row(1), row(2)}, OpenURL: "/admin/reports", ClosedURL: "/admin/reports?closed=1"})
	})
	acts := []t.AdminLogRow{
		{Via: "command", Act: "member.role", Whom: people[0].Name, Detail: "member to owner", When: t.When{At: now}},
		{Who: people[0].Name, Via: "page", Act: "member.suspend", Whom: people[1].Name, Reason: "Sold shoes. " + Hostile, When: t.When{At: now}},
	}
	add("/admin", "Administration", true, func(p *t.Page) templ.Component {
		return t.AdminPage(p, t.AdminView{Kept: []t.StatusCheck{{Name: "disk", Status: "ok", Text: "/var/lib/tintype has 40 GB free"}}, NoBackups: true, Reports: 2, Unreached: 3, UnreachedInvitations: 1, DeadJobs: 1, System: true, Log: acts, Checks: []t.StatusCheck{{Name: "Backup", Status: "warning", Text: "The newest is 3 days old.", Advice: "look at its timer"}}})
	})
	add("/admin-quiet", "Administration, nothing to do", true, func(p *t.Page) templ.Component { return t.AdminPage(p, t.AdminView{}) })
	site := t.AdminSiteView{Sources: true, Languages: []t.Option{{Value: "en", Label: "English"}, {Value: "de", Label: "Deutsch"}}, Fields: map[string]t.SiteField{
		"name": {Value: "Harbour club", Own: true, Default: "Tintype"}, "description": {Value: "Of the environment.", Locked: "SITE_DESCRIPTION"}, "rules": {Value: "Be kind.\nNo spam.", Own: true, Reset: true, Default: "Be kind.\n" + Hostile}, "contact": {Value: "us@example.org"},
		"registration": {Value: "invitation", Own: true, Default: "closed"}, "visitors": {Value: "read", Locked: "VISITORS"}, "two_factors": {Value: "admin"}, "language": {Value: "en"}, "hold_first": {Value: "2"}, "quota": {Value: "0"}, "upload_limit": {Value: "300/1h"}, "post_limit": {Value: "300/1h"},
		"report_limit": {Value: "30/1h"}, "sign_up_limit": {Value: "20/1h"}, "login_limit": {Value: "10/15m"},
	}}
	invitations := []t.InvitationRow{
		{ID: "1", URL: "/admin/invitation", Note: "The walkers: " + Hostile, Uses: 3, MaxUses: 20, Ends: t.When{At: now}, State: "works", Creator: "jo", Created: t.When{At: now}},
		{ID: "2", URL: "/admin/invitation", Email: "ada@example.org", Uses: 1, MaxUses: 1, State: "used", Created: t.When{At: now}},
		{ID: "3", URL: "/admin/invitation", Email: "bob@example.org", MaxUses: 1, State: "works", MailFailed: t.When{At: now}, Created: t.When{At: now}},
	}
	roles := []t.Option{{Value: "member", Label: "member|role"}, {Value: "moderator", Label: "moderator|role"}}
	add("/admin/invitations", "Invitations", true, func(p *t.Page) templ.Component {
		return t.AdminInvitationsPage(p, t.AdminInvitationsView{Rows: invitations, Mails: true, Uses: "1", Days: "30", Role: "member", Roles: roles})
	})
	add("/admin/invitations-mailed", "Invitations, mailed", true, func(p *t.Page) templ.Component {
		return t.AdminInvitationsPage(p, t.AdminInvitationsView{Mails: true, Closed: true, Uses: "1", Days: "30", Role: "member", Roles: roles, Addresses: Hostile, Mailed: &t.MailedView{Invited: 58, Wrong: []string{Hostile}, Members: []string{"jo@example.org"}, Already: []string{"bob@example.org"}}})
	})
	add("/admin/invitation", "Invitation", true, func(p *t.Page) templ.Component {
		return t.AdminInvitationPage(p, t.AdminInvitationView{Row: invitations[0], Link: "https://photos.example.org/links/AZ3Jx9", Card: "/admin/invitation-card", Came: []t.AccountView{people[0], people[1]}})
	})
	add("/admin/invitation-unsent", "Invitation whose mail failed", true, func(p *t.Page) templ.Component {
		return t.AdminInvitationPage(p, t.AdminInvitationView{Row: invitations[2], Link: "https://photos.example.org/links/AZ3Jx9", Card: "/admin/invitation-card"})
	})
	add("/admin/invitation-of-owners", "Invitation to a role, whose link was shown", true, func(p *t.Page) templ.Component {
		row := invitations[0]
		row.Role, row.MaxUses, row.Uses = "Administrator", 1, 0
		return t.AdminInvitationPage(p, t.AdminInvitationView{Row: row, Once: true})
	})
	add("/admin/invitation-card", "Invitation, card", true, func(p *t.Page) templ.Component {
		return t.InvitationCardPage(p, t.InvitationCardView{Link: "https://photos.example.org/links/AZ3Jx9", QR: "M4 4h7v7h-7z", Size: 29, Ends: t.When{At: now}, Back: "/admin/invitation"})
	})
	add("/leaving", "Your account is closed", false, func(p *t.Page) templ.Component {
		return t.LeavingPage(p, t.LeavingView{Name: "jo", Until: "7 Dec 2026 18:30 UTC"})
	})
	announcement := t.AnnouncementView{ID: "1", URL: "/announcement", Text: "<p>We walk to the <a href=\"https://example.net/lighthouse\">lighthouse</a> on Sunday.</p>", Event: "5 Dec 2026 10:00 UTC to 5 Dec 2026 12:30 UTC",
		Published: t.When{At: now}, Edited: true, Reactions: []t.ReactionView{{Name: "👍", Count: 12, Mine: true}, {Name: "🎉", Count: 1}}}
	announced := t.AnnouncementForm{HoldFirst: 3, Text: Hostile, Starts: "2026-12-05T10:00", Publish: "tomorrow", Max: 5000}
	add("/admin/announcements", "Announcements, administration", true, func(p *t.Page) templ.Component {
		return t.AdminAnnouncementsPage(p, t.AdminAnnouncementsView{Form: announced, Errors: t.FieldErrors{{Field: "publish", Message: "Write the time as 2026-12-31T18:30."}}, Rows: []t.AdminAnnouncementRow{
			{URL: "/admin/announcement", Text: "We walk to the lighthouse on Sunday.", State: "Active", Published: "30 Nov 2026 09:12 UTC", Event: announcement.Event}, {URL: "/admin/announcement", Text: Hostile, State: "Over", Published: "1 Oct 2026 09:12 UTC"},
		}})
	})
	add("/admin/announcement", "Announcement, administration", true, func(p *t.Page) templ.Component {
		return t.AdminAnnouncementPage(p, t.AdminAnnouncementView{ID: "1", State: "Active", Ends: true, Public: "/announcement", Form: announced})
	})
	add("/announcements", "Announcements", true, func(p *t.Page) templ.Component {
		over := announcement
		over.Over, over.Event = true, ""
		return t.AnnouncementsPage(p, t.AnnouncementsView{List: []t.AnnouncementView{announcement, over}})
	})
	add("/announcement", "Announcement", true, func(p *t.Page) templ.Component {
		return t.AnnouncementPage(p, t.AnnouncementPageView{Announcement: announcement, Count: 2, Max: 2000, MoreURL: "/announcement", Text: Hostile, Comments: []t.AnnouncementCommentView{
			{ID: "3", URL: "/announcements/1/comments/3", Author: people[0], Text: "<p>Where do we meet?</p>", Created: t.When{At: now}, CanRemove: true},
			{ID: "4", URL: "/announcements/1/comments/4", Author: people[1], Text: "<p>At the bridge.</p>", Created: t.When{At: now}, CanRemove: true, Removal: true, CanReport: true},
		}})
	})
	add("/announcement-waits", "Announcement, for who cannot comment yet", true, func(p *t.Page) templ.Component {
		return t.AnnouncementPage(p, t.AnnouncementPageView{Announcement: announcement, Max: 2000, Waits: true})
	})
	add("/home-announcement", "Home, with an announcement", true, func(p *t.Page) templ.Component {
		return t.HomePage(p, t.FeedView{Announcements: []t.AnnouncementView{announcement}, Posts: Posts(0, 2)})
	})
	post := Post(0, 1)
	held := t.HeldView{ID: "1", Author: people[0], Created: t.When{At: now}, Caption: post.Caption, Photos: post.Photos, Why: []string{"It is among the first posts of a new member.", "It contains a blocked word: casino", "A photo looks like one that was removed: 9f3c0a5be1d27846"}, MayApprove: true, MayReject: true}
	comment := t.HeldView{ID: "2", Author: people[1], Created: t.When{At: now}, Caption: "<p>Come to the casino.</p>", Comment: true, ParentURL: "/post", Warning: Hostile, MayApprove: true, MayReject: true}
	add("/admin/held", "Held posts", true, func(p *t.Page) templ.Component {
		return t.AdminHeldPage(p, t.AdminHeldView{Posts: []t.HeldView{held, comment}, System: true, About: "2", Words: Hostile, Errors: t.FieldErrors{{Message: "@jo has already decided this."}}})
	})
	add("/admin/held-none", "Held posts, none", true, func(p *t.Page) templ.Component { return t.AdminHeldPage(p, t.AdminHeldView{}) })
	add("/held", "Waiting for a moderator", true, func(p *t.Page) templ.Component {
		rejected := comment
		rejected.Rejected, rejected.Words, rejected.Why = true, "No adverts. "+Hostile, nil
		return t.OwnHeldPage(p, t.OwnHeldView{Posts: []t.HeldView{held, rejected}})
	})
	add("/admin/blocks", "Kept out", true, func(p *t.Page) templ.Component {
		return t.AdminBlocksPage(p, t.AdminBlocksView{Kind: "domain", Value: Hostile, Errors: t.FieldErrors{{Field: "value", Message: "That is not a domain, such as example.com."}}, Rows: []t.BlockRow{
			{ID: "1", Value: "throwaway.example", Note: "Sends only spam. " + Hostile, Creator: people[0].Name, Created: t.When{At: now}}, {ID: "2", Value: strings.Repeat("long", 15) + ".example", Created: t.When{At: now}}}})
	})
	add("/admin/blocks-none", "Kept out, nothing", true, func(p *t.Page) templ.Component { return t.AdminBlocksPage(p, t.AdminBlocksView{Kind: "range"}) })
	add("/admin/blocks-photos", "Kept out, photographs", true, func(p *t.Page) templ.Component {
		return t.AdminBlocksPage(p, t.AdminBlocksView{Kind: "photo", Rows: []t.BlockRow{{ID: "1", Value: "9f3c0a5be1d27846", Note: "post 117703248101382019", Creator: people[0].Name, Created: t.When{At: now}}}})
	})
	add("/admin/waiting", "Who wants to join", true, func(p *t.Page) templ.Component {
		return t.AdminWaitingPage(p, t.AdminWaitingView{All: 2, Mails: true, About: "cleo", Words: Hostile, Errors: t.FieldErrors{{Message: "@jo has already let @cleo in."}}, Rows: []t.WaitingRow{{Name: "ada", DisplayName: "Ada", Email: "ada@example.org", Reason: "I walk with you. " + Hostile, Asked: t.When{At: now}}, {Name: "bo", DisplayName: "bo", Email: "bo@example.org", Reason: "A friend told me.", Asked: t.When{At: now}}}})
	})
	add("/admin/first-steps", "First steps", true, func(p *t.Page) templ.Component { return t.FirstStepsPage(p, t.FirstStepsView{Site: site}) })
	add("/signup-approval", "Sign up, with a reason", false, func(p *t.Page) templ.Component {
		p.Site.Approval = true
		return t.SignupPage(p, t.SignupView{Rules: []string{"Be kind."}, Reason: "I walk with you."})
	})
	add("/signup-sent", "Sign up, waiting", false, func(p *t.Page) templ.Component { return t.SignupSentPage(p, "ada@example.org") })
	add("/signup-sent-no-mail", "Sign up, waiting without mail", false, func(p *t.Page) templ.Component { return t.SignupSentPage(p, "") })
	add("/admin/site", "The site", true, func(p *t.Page) templ.Component { return t.AdminSitePage(p, site) })
	add("/admin/site-preview", "The site, preview", true, func(p *t.Page) templ.Component {
		v, preview := site, t.Site{Name: Hostile, Description: "A place for our photographs.", Contact: "us@example.org", MembersOnly: true}
		v.Preview, v.PreviewRules = &preview, []string{"Be kind.", Hostile}
		v.Errors = t.FieldErrors{{Field: "contact", Message: "That is neither an e-mail address nor a web address."}}
		return t.AdminSitePage(p, v)
	})
	add("/admin/log", "Log", true, func(p *t.Page) templ.Component {
		return t.AdminLogPage(p, t.AdminLogView{System: true, Acts: []string{"member.role", "member.suspend"}, Ways: []string{"page", "command", "api", "job"}, From: "2026-12-01", Rows: acts, CSVURL: "/admin/log.csv", JSONURL: "/admin/log.json"})
	})
	add("/admin/log-empty", "Log, nothing found", true, func(p *t.Page) templ.Component {
		return t.AdminLogPage(p, t.AdminLogView{Text: "shoes", To: "tomorrow", Errors: t.FieldErrors{{Field: "to", Message: "Write the day as 2026-12-31."}}})
	})
	add("/admin/reports-empty", "Reports, none", true, func(p *t.Page) templ.Component {
		return t.AdminReportsPage(p, t.AdminReportsView{OpenURL: "/admin/reports", ClosedURL: "/admin/reports?closed=1"})
	})
	add("/admin/report", "A report", true, func(p *t.Page) templ.Component {
		post := Post(0, 1)
		return t.AdminReportPage(p, t.AdminReportView{
			Report: row(0), Rule: "Be kind.", Text: "This is my photograph.", Post: &post, AboutPost: true, Alike: true, KeptDays: 180, MayAct: true, AssignedTo: "jo", Mine: true,
			Category: "violation", Categories: []t.Option{{Value: "spam", Label: "Spam"}, {Value: "violation", Label: "Against the rules"}}, AboutTyped: true,
			RuleChoices: []t.RuleChoice{{Words: "Be kind.", Broken: true}, {Words: "No spam. " + Hostile}}, EditReason: "as the words say",
			Target: &t.SideView{URL: "/admin/member", Name: people[0].Name, State: "Limited", Joined: t.When{At: now}, ReportsAbout: 3, Warnings: 1}, Verdict: "warn",
			Errors: t.FieldErrors{{Field: "words", Message: "Say what the warning is about."}},
		})
	})
	add("/admin/report-hidden", "A report, about a hidden post", true, func(p *t.Page) templ.Component {
		post := Post(0, 3)
		return t.AdminReportPage(p, t.AdminReportView{
			Report: row(1), Text: "Not this.", Post: &post, Hidden: true, Changed: true, OtherPhotos: true, Kept: Post(1, 2).Photos, Excerpt: "As it was. " + Hostile, AboutPost: true, KeptDays: 180,
			Categories: []t.Option{{Value: "spam", Label: "Spam"}},
		})
	})
	members(add)
	statuses(add)
	add("/about", "About", false, func(p *t.Page) templ.Component {
		return t.AboutPage(p, t.AboutView{Members: 54, Posts: 12345, Version: "tintype 0.1"})
	})
	add("/rules", "Rules", false, func(p *t.Page) templ.Component {
		return t.RulesPage(p, t.RulesView{Rules: []string{"Be kind.", "Post what is yours."}})
	})
	add("/privacy", "Privacy", false, func(p *t.Page) templ.Component {
		return t.PrivacyPage(p, t.PrivacyView{KeepOriginals: true, DraftHours: 24, ReportDays: 180})
	})
	add("/offline", "Offline", false, func(p *t.Page) templ.Component { return t.OfflinePage(p) })
	add("/contact", "Contact", false, func(p *t.Page) templ.Component { return t.ContactPage(p) })
	for _, s := range []int{403, 404, 413, 422, 429, 500, 503} {
		add(fmt.Sprintf("/error-%d", s), fmt.Sprintf("Error %d", s), s%2 == 1, func(p *t.Page) templ.Component { p.ReadOnly = s == 503; return t.ErrorPage(p, t.ErrorView{Status: s}) })
	}
}
