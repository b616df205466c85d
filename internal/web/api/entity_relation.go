package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"tintype/internal/community"
	"tintype/internal/store"
)

// Relationship is how the reader stands to another account.
type Relationship struct {
	ID                  string   `json:"id"`
	Following           bool     `json:"following"`
	ShowingReblogs      bool     `json:"showing_reblogs"`
	Notifying           bool     `json:"notifying"`
	Languages           []string `json:"languages"` // of the posts that are shown; none: all
	FollowedBy          bool     `json:"followed_by"`
	Blocking            bool     `json:"blocking"`
	BlockedBy           bool     `json:"blocked_by"`
	Muting              bool     `json:"muting"`
	MutingNotifications bool     `json:"muting_notifications"`
	Requested           bool     `json:"requested"`
	RequestedBy         bool     `json:"requested_by"`
	DomainBlocking      bool     `json:"domain_blocking"`
	Endorsed            bool     `json:"endorsed"`
	Note                string   `json:"note"`
}

func relationship(r community.Relationship) Relationship {
	return Relationship{
		ID: formatID(r.ID), Following: r.Following, ShowingReblogs: (r.Following || r.Requested) && !r.HideBoosts, Notifying: r.Notify, Languages: []string{}, FollowedBy: r.FollowedBy,
		Blocking: r.Blocking, BlockedBy: r.BlockedBy, Muting: r.Muting, MutingNotifications: r.MutingNotifications, Note: r.Note, Requested: r.Requested, RequestedBy: r.RequestedBy,
	}
}

// Notification is one notification. Status is the post or comment that it is about, absent where it is about an
// account.
type Notification struct {
	ID        string   `json:"id"`
	Type      string   `json:"type"`
	CreatedAt string   `json:"created_at"`
	GroupKey  string   `json:"group_key"`
	Account   *Account `json:"account"`
	Status    *Status  `json:"status,omitempty"`
	Report    *Report  `json:"report,omitempty"`             // of admin.report
	Warning   *Warning `json:"moderation_warning,omitempty"` // of moderation_warning
}

// Warning is a decision of moderators about the reader.
type Warning struct {
	ID            string   `json:"id"`
	Action        string   `json:"action"` // none, delete_statuses, silence, suspend
	Text          string   `json:"text"`
	StatusIDs     []string `json:"status_ids"`
	TargetAccount *Account `json:"target_account"`
	Appeal        *Appeal  `json:"appeal"`
	CreatedAt     string   `json:"created_at"`
}

// Appeal is the reader's answer to a Warning.
type Appeal struct {
	Text  string `json:"text"`
	State string `json:"state"` // pending, approved, rejected
}

// moderationWarning is what Mastodon calls the kind store.NotifyDecision.
const moderationWarning = "moderation_warning"

// warningActions are the kinds of decisions as Mastodon calls them.
var warningActions = map[string]string{
	store.DecideWarn: "none", store.DecideReject: "none", store.DecideRemove: "delete_statuses", store.DecideLimit: "silence", store.DecideSuspend: "suspend",
}

var appealStates = map[string]string{store.AppealWaits: "pending", store.AppealAccepted: "approved", store.AppealRejected: "rejected"}

func (v *view) warning(d *store.Decision, about *store.Account) *Warning {
	w := &Warning{ID: formatID(d.ID), Action: warningActions[d.Kind], Text: d.Words, StatusIDs: []string{}, TargetAccount: v.account(about), CreatedAt: formatMillis(d.CreatedAt)}
	if d.PostID != nil {
		w.StatusIDs = append(w.StatusIDs, formatID(*d.PostID))
	}
	if d.Answer != store.AppealNone {
		w.Appeal = &Appeal{d.Appeal, appealStates[d.Answer]}
	}
	return w
}

// report is what was filed, for who filed it and for moderators.
// rulesIn are those of the site's rules that the report names. One that has other words since has no id any more.
func (v *view) rulesIn(r *store.Report) []Rule {
	list := []Rule{}
	named := community.RulesOf(r)
	if len(named) == 0 {
		return list
	}
	for _, rule := range rulesOf(v.api.Community.Site(context.Background())) {
		if slices.ContainsFunc(named, func(words string) bool { return words == community.Plain(rule.Text) }) {
			list = append(list, rule)
		}
	}
	return list
}

func (v *view) report(r *store.Report, target *store.Account) *Report {
	e := &Report{
		ID: formatID(r.ID), Category: cmp.Or(r.Category, "other"), Comment: r.Comment, CreatedAt: formatMillis(r.CreatedAt),
		StatusIDs: []string{}, RuleIDs: []string{}, ActionTaken: r.State != store.ReportOpen,
	}
	for _, rule := range v.rulesIn(r) {
		e.RuleIDs = append(e.RuleIDs, rule.ID)
	}
	if r.ClosedAt != nil {
		at := formatMillis(*r.ClosedAt)
		e.ActionTakenAt = &at
	}
	if r.PostID != nil {
		e.StatusIDs = append(e.StatusIDs, formatID(*r.PostID))
	}
	if target != nil {
		e.TargetAccount = v.account(target)
	}
	return e
}

func (v *view) notification(n *community.Notification) *Notification {
	e := &Notification{
		ID: formatID(n.ID), Type: n.Kind, CreatedAt: formatMillis(n.CreatedAt),
		GroupKey: "ungrouped-" + formatID(n.ID), Account: v.account(n.From),
	}
	if n.Post != nil {
		e.Status = v.status(n.Post)
	}
	if n.Kind == store.NotifyReport && n.Report != nil {
		e.Report = v.report(&n.Report.Report, n.Report.Target)
	}
	if n.Kind == store.NotifyDecision && n.Decision != nil {
		e.Warning = v.warning(n.Decision, n.From)
	}
	if n.Kind == store.NotifyDecision {
		e.Type = moderationWarning
	}
	return e
}

// Tag is a hashtag. History counts each of the last seven days, in words, today first.
type Tag struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	URL       string   `json:"url"`
	History   []TagDay `json:"history"`
	Following bool     `json:"following"`
}

// TagDay is one day of a tag.
type TagDay struct {
	Day      string `json:"day"` // Unix seconds of midnight
	Uses     string `json:"uses"`
	Accounts string `json:"accounts"`
}

func (v *view) tag(t community.TagUse) Tag {
	e := Tag{ID: formatID(t.ID), Name: t.Name, URL: v.api.Community.TagURL(t.Name), History: make([]TagDay, len(t.Days)), Following: t.Followed}
	for i, d := range t.Days {
		e.History[i] = TagDay{Day: strconv.FormatInt(d.Day*24*60*60, 10), Uses: strconv.Itoa(d.Uses), Accounts: strconv.Itoa(d.Accounts)}
	}
	return e
}

// Marker is how far a timeline was read.
type Marker struct {
	LastReadID string `json:"last_read_id"`
	Version    int    `json:"version"`
	UpdatedAt  string `json:"updated_at"`
}

func markers(list []*store.Marker) map[string]Marker {
	all := make(map[string]Marker, len(list))
	for _, m := range list {
		all[m.Timeline] = Marker{LastReadID: formatID(m.LastReadID), Version: m.Version, UpdatedAt: formatMillis(m.UpdatedAt)}
	}
	return all
}

// Search is the result of a search, always three lists.
type Search struct {
	Accounts []*Account `json:"accounts"`
	Statuses []*Status  `json:"statuses"`
	Hashtags []Tag      `json:"hashtags"`
}

// Report is a complaint that was filed.
type Report struct {
	ID            string   `json:"id"`
	ActionTaken   bool     `json:"action_taken"`
	ActionTakenAt *string  `json:"action_taken_at"`
	Category      string   `json:"category"`
	Comment       string   `json:"comment"`
	Forwarded     bool     `json:"forwarded"`
	CreatedAt     string   `json:"created_at"`
	StatusIDs     []string `json:"status_ids"`
	RuleIDs       []string `json:"rule_ids"`
	TargetAccount *Account `json:"target_account"`
}

// FamiliarFollowers are those of an account's followers whom the reader follows.
type FamiliarFollowers struct {
	ID       string     `json:"id"`
	Accounts []*Account `json:"accounts"`
}

// MutedAccount is an account with the end of its mute.
type MutedAccount struct {
	*Account
	MuteExpiresAt *string `json:"mute_expires_at"`
}

// UnreadCount is how many notifications are unread.
type UnreadCount struct {
	Count int `json:"count"`
}

// Preferences are a member's settings, by the names that clients have for them.
type Preferences struct {
	Visibility string  `json:"posting:default:visibility"`
	Sensitive  bool    `json:"posting:default:sensitive"`
	Language   *string `json:"posting:default:language"`
	Media      string  `json:"reading:expand:media"`
	Spoilers   bool    `json:"reading:expand:spoilers"`
	PlayGIFs   bool    `json:"reading:autoplay:gifs"`
}
