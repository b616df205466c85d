package templates

import "tintype/internal/lang"

// MembersView is /admin/members; its form asks for it with q, role and state.
type MembersView struct {
	Text, Role, State string
	Roles, States     []Option // without the first, which is all
	Emails            bool     // the viewer may read addresses
	System            bool
	Rows              []MemberRow
	Pager             Pager
}

// MemberRow is a line of /admin/members.
type MemberRow struct {
	Account AccountView
	URL     string // "/admin/members/NAME"
	Role    string // in words, "" for a member
	State   string // in words, "" for none
	Email   string
	Posts   int
	Joined  When
}

// MemberView is /admin/members/NAME. Its forms post to URL/decide, /role, /quota, /act, /note and /note/ID/remove.
type MemberView struct {
	MemberRow
	UsedBytes, Photos      string // in words
	PostsCount, Comments   int
	Confirmed              bool           // the address
	Invitation             *InvitationRow // by which the member came, or nil
	JoinReason             string         // why the member asked to join, or ""
	MailFailed             When           // when mail to the address failed; zero where it did not
	Suspended, Limited     bool
	Waiting                bool   // to be let in
	LeavesUntil            string // in words, where the member has left; "" elsewhere
	TwoFactors             bool
	SuspendedUntil         string // in words, "" for no end
	MayAct                 bool
	Oneself                bool // it is the reader's own, of which others' words are left out
	Administers            bool // the viewer is an administrator
	Roles                  []Option
	ReportsAbout, OpenHere int
	ReportsMade            int
	Removed, Warnings      int
	About, By              []ReportRow
	Decisions              []DecisionView
	Notes                  []MemberNote
	Sessions               []SessionView
	Applications           []ApplicationView
	QuotaMB                string // "" for none
	ResetURL               string // shown once
	Form                   MemberForm
	Errors                 FieldErrors
}

// MemberForm is what was typed in the forms of a member's page. Each control has the name of its field in lower case, with _
// between words.
type MemberForm struct {
	Decision, Words, Until, Reason string
	Role, RoleReason, QuotaReason  string
	QuotaTyped                     bool // MemberView.QuotaMB is what was typed
	Act, ActReason, Confirm        string
	Note                           string
}

// MemberNote is a moderator's note.
type MemberNote struct {
	ID      string
	Author  string // a username, "" for the command line, and where it is gone
	Words   string
	Created When
}

// DecisionView is a decision of moderators, as its member and as moderators read it.
type DecisionView struct {
	ID          string
	URL         string
	Kind        string // warn, remove, limit, suspend
	About       AccountView
	By          string // a username; "" for the member, and for the command line
	Words       string
	Excerpt     string
	Until       string // in words, "" for none
	Created     When
	Undone      bool
	Answerable  bool
	Appeal      string // the member's answer
	Answer      string // waits, accepted, rejected, "" for none
	AnswerWords string
	AnsweredBy  string
}

// DecisionsView are the decisions about a member, in the settings.
type DecisionsView struct {
	Decisions []DecisionView
}

// DecisionPageView is one of them. Its form posts words to URL.
type DecisionPageView struct {
	Decision DecisionView
	Words    string
	Errors   FieldErrors
}

// SuspendedView is /suspended, for a member who is.
type SuspendedView struct {
	Name      string
	Until     string // in words, "" for no end
	Decisions []DecisionView
	Export    SettingsExportView
	Errors    FieldErrors // of the form to leave
	Confirm   string
}

// AppealsView is /admin/appeals.
type AppealsView struct {
	Appeals []DecisionView
	System  bool
}

// AppealView is /admin/appeals/ID. Its form posts answer, words and reason to it.
type AppealView struct {
	Decision              DecisionView
	Newer                 bool        // a newer decision of the kind holds
	ReportURL             string      // that it came from, or ""
	Kept                  []PhotoView // of a post that was removed
	MayAct                bool
	Answer, Words, Reason string
	Errors                FieldErrors
}

// Waits reports whether an answer waits for moderators.
func (v AppealView) Waits() bool { return v.Decision.Answer == "waits" && !v.Decision.Undone }

func decisionWords(p *Page, kind string) string {
	switch kind {
	case "warn":
		return p.T("A warning")
	case "remove":
		return p.T("A post was removed")
	case "reject":
		return p.T("A post was not published")
	case "limit":
		return p.T("The account is limited")
	case "suspend":
		return p.T("The account is suspended")
	case "nothing":
		return p.T("Nothing was done")
	}
	return kind
}

func (v DecisionView) state(p *Page) string {
	switch {
	case v.Undone && v.Answer != "accepted":
		return p.T("This is no longer in force.")
	case v.Answer == "waits":
		return p.T("The answer is waiting for the moderators.")
	case v.Answer == "accepted" && v.Kind == "remove":
		return p.T("The decision was taken back.") + " " + p.T("What was removed does not come back. It may be posted again.")
	case v.Answer == "accepted" && v.Kind == "reject":
		return p.T("The decision was taken back.") + " " + p.T("It may be posted again.")
	case v.Answer == "accepted":
		return p.T("The decision was taken back.")
	case v.Answer == "rejected":
		return p.T("The decision stands.")
	}
	return ""
}

// sanctions can be chosen on a member's page.
func (v MemberView) sanctions(p *Page) []Option {
	list := []Option{{Value: "warn", Label: p.T("Warn"), Hint: p.T("Tells the member, and nothing else.")}}
	if v.Limited {
		list = append(list, Option{Value: "unlimit", Label: p.T("End the limit")})
	} else {
		list = append(list, Option{Value: "limit", Label: p.T("Limit"), Hint: p.T("Followers see the account. Public pages, explore, tags, search and the directory do not show it.")})
	}
	suspend := Option{Value: "suspend", Label: p.T("Suspend"), Hint: p.T("Nobody sees the account. The member can read why, answer, download everything and leave.")}
	if v.Suspended {
		suspend.Label, suspend.Hint = p.T("Change when the suspension ends"), ""
		list = append(list, Option{Value: "unsuspend", Label: p.T("End the suspension")})
	}
	return append(list, suspend)
}

// undoAt is where warnings are taken back, "" for who may not.
func (v MemberView) undoAt() string {
	if !v.MayAct {
		return ""
	}
	return v.URL
}

func (v MemberView) acts(p *Page) []Option {
	list := []Option{{Value: "logout", Label: p.T("Log out everywhere"), Hint: p.T("Ends every session, and logs out every application.")}}
	if v.Administers && v.TwoFactors {
		list = append(list, Option{Value: "factors", Label: p.T("Remove the second factors"), Hint: p.T("For a member who has lost them. The member is told.")})
	}
	if v.Administers && v.LeavesUntil != "" {
		list = append(list, Option{Value: "back", Label: p.T("Bring the account back"), Hint: p.T("For a member who has left and cannot log in.")})
	}
	if v.Administers && v.LeavesUntil == "" && !v.Waiting {
		list = append(list, Option{Value: "leave", Label: p.T("Close the account for a week"), Hint: p.T("For a member who asks for it. Nobody sees it, and it is deleted after a week, during which the member may come back.")})
	}
	if v.Administers && !v.Waiting {
		list = append(list, Option{Value: "reset", Label: p.T("Make a link for a new password"), Hint: p.T("It works for a day. You pass it on yourself.")})
	}
	if v.Administers {
		list = append(list, Option{Value: "delete", Label: p.T("Delete the account"), Hint: p.T("With everything in it. This cannot be undone.")})
	}
	return list
}

// verdicts can be chosen for a report.
func (v AdminReportView) verdicts(p *Page) []Option {
	list := []Option{{Value: "nothing", Label: p.T("Do nothing"), Hint: p.T("The member is not told.")}}
	if !v.MayAct {
		return list
	}
	list = append(list, Option{Value: "warn", Label: p.T("Warn"), Hint: p.T("Tells the member, and nothing else.")})
	if v.AboutComment {
		list = append(list, Option{Value: "remove", Label: p.T("Remove the comment"), Hint: p.T("This cannot be undone.")})
	} else if v.AboutPost {
		list = append(list, Option{Value: "remove", Label: p.T("Remove the post"), Hint: p.T("This cannot be undone.")})
	}
	return append(list,
		Option{Value: "limit", Label: p.T("Limit"), Hint: p.T("Followers see the account. Public pages, explore, tags, search and the directory do not show it.")},
		Option{Value: "suspend", Label: p.T("Suspend"), Hint: p.T("Nobody sees the account. The member can read why, answer, download everything and leave.")})
}

// answers can be given to the member's. They say beforehand what is not undone.
func (v AppealView) answers(p *Page) []Option {
	accept := Option{Value: "accepted", Label: p.T("Take the decision back")}
	switch v.Decision.Kind {
	case "remove":
		accept.Hint = p.T("What was removed does not come back: it is deleted. The member may post it again.")
	case "reject":
		accept.Hint = p.T("It is not published by that: its photographs are deleted. The member may post it again.")
	}
	return []Option{{Value: "rejected", Label: p.T("Let the decision stand")}, accept}
}

// RoleNames are the roles in words, by their names.
var RoleNames = map[string]string{
	"member": lang.Key("Member|role"), "moderator": lang.Key("Moderator|role"), "admin": lang.Key("Administrator|role"), "owner": lang.Key("Owner|role"),
}

// MemberStateNames are the states of members in words.
var MemberStateNames = map[string]string{
	"active": lang.Key("Neither limited nor suspended"), "limited": lang.Key("Limited|state"), "suspended": lang.Key("Suspended|state"),
	"waiting": lang.Key("Waiting to be let in"), "leaving": lang.Key("Has left, and may come back"),
	"unconfirmed": lang.Key("Address not confirmed"), "unreached": lang.Key("Mail does not arrive"), "new": lang.Key("New: joined within 30 days"), "silent": lang.Key("Silent: nothing posted within 90 days"),
}
