package api

import (
	"tintype/internal/media"
	"tintype/internal/store"
)

// Account is a member as others see it. Acct is the bare username, because there are no remote accounts.
type Account struct {
	ID             string         `json:"id"`
	Username       string         `json:"username"`
	Acct           string         `json:"acct"`
	DisplayName    string         `json:"display_name"`
	Locked         bool           `json:"locked"`
	Bot            bool           `json:"bot"`
	Group          bool           `json:"group"`
	Discoverable   *bool          `json:"discoverable"`
	NoIndex        bool           `json:"noindex"` // by search engines, as the profile's page says, too
	CreatedAt      string         `json:"created_at"`
	Note           string         `json:"note"` // HTML
	URL            string         `json:"url"`
	URI            string         `json:"uri"`
	Avatar         string         `json:"avatar"`
	AvatarStatic   string         `json:"avatar_static"`
	Header         string         `json:"header"`
	HeaderStatic   string         `json:"header_static"`
	FollowersCount int            `json:"followers_count"`
	FollowingCount int            `json:"following_count"`
	StatusesCount  int            `json:"statuses_count"`
	LastStatusAt   *string        `json:"last_status_at"` // a day
	Emojis         []nothing      `json:"emojis"`
	Fields         []Field        `json:"fields"`
	Roles          []AccountRole  `json:"roles"`            // of those who look after the site, whom others may ask
	Source         *AccountSource `json:"source,omitempty"` // of one's own account
	Role           *Role          `json:"role,omitempty"`
	Limited        bool           `json:"limited,omitempty"`   // shown to its followers, and where it is asked for
	Suspended      bool           `json:"suspended,omitempty"` // only in what administrators read
}

// Field is a row of a profile's table. Value is HTML, in an AccountSource plain text.
type Field struct {
	Name       string  `json:"name"`
	Value      string  `json:"value"`
	VerifiedAt *string `json:"verified_at"`
}

// AccountSource is what a member may change.
type AccountSource struct {
	Privacy             string  `json:"privacy"`
	Sensitive           bool    `json:"sensitive"`
	Language            *string `json:"language"`
	Note                string  `json:"note"`
	Fields              []Field `json:"fields"`
	FollowRequestsCount int     `json:"follow_requests_count"`
	Discoverable        bool    `json:"discoverable"`
	HideCollections     bool    `json:"hide_collections"` // never: followers and followed accounts are open
	Indexable           bool    `json:"indexable"`        // always: members find public posts by their words
}

// Role says what a member may do on the site. Permissions are Mastodon's bits.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Color       string `json:"color"`
	Permissions string `json:"permissions"`
	Highlighted bool   `json:"highlighted"`
}

// AccountRole is a Role as others see it.
type AccountRole struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

// Permissions as Mastodon counts them: 1 is an administrator's.
const (
	permitNothing = "0"
	permitAll     = "1"
)

// roles are what Mastodon calls those of members who administer. A moderator may see the dashboard (8), the log (4), and
// manage reports (16) and users (1024).
var roles = map[string]Role{
	store.RoleModerator: {ID: "1", Name: "Moderator", Permissions: "1052", Highlighted: true},
	store.RoleAdmin:     {ID: "2", Name: "Admin", Permissions: permitAll, Highlighted: true},
	store.RoleOwner:     {ID: "3", Name: "Owner", Permissions: permitAll, Highlighted: true},
}

// account is the account a as the viewer sees it.
func (v *view) account(a *store.Account) *Account {
	if known, ok := v.accounts[a.ID]; ok {
		return known
	}
	avatar := v.profileImage(a.Avatar, v.api.DefaultAvatar, media.SquareName)
	header := v.profileImage(a.Header, v.api.DefaultHeader, headerVariant)
	url := v.api.Community.AccountURL(a.Username)
	e := &Account{
		ID: v.texts.id(a.ID), Username: a.Username, Acct: a.Username, DisplayName: a.DisplayName,
		Locked: a.Locked, Bot: a.Bot, Discoverable: &a.Discoverable, NoIndex: !a.Discoverable, CreatedAt: v.texts.moment(a.CreatedAt), Note: v.html(a.Note, nil, nil), URL: url, URI: url,
		Avatar: avatar, AvatarStatic: avatar, Header: header, HeaderStatic: header,
		FollowersCount: a.FollowersCount, FollowingCount: a.FollowingCount, StatusesCount: a.OpenPostsCount + a.OpenCommentsCount,
		Limited: a.Limited(), Suspended: a.SuspendedAt != nil && a.WaitingAt == nil,
		Emojis: []nothing{}, Fields: make([]Field, 0, len(a.Fields.V)), Roles: []AccountRole{},
	}
	if role, ok := roles[a.Role]; ok && role.Highlighted && !e.Suspended {
		e.Roles = append(e.Roles, AccountRole{role.ID, role.Name, role.Color})
	}
	// Others see neither the count nor the date of posts that are for followers only.
	if a.ID == v.viewer {
		e.StatusesCount = a.PostsCount + a.CommentsCount
	}
	if a.ID == v.viewer || a.PostsCount == a.OpenPostsCount {
		e.LastStatusAt = v.texts.day(a.LastPostAt)
	}
	for _, f := range a.Fields.V {
		e.Fields = append(e.Fields, Field{Name: f.Name, Value: v.line(f.Value)})
	}
	if v.accounts == nil {
		v.accounts = make(map[int64]*Account)
	}
	v.accounts[a.ID] = e
	return e
}

func (v *view) accountList(list []*store.Account) []*Account {
	all := make([]*Account, 0, len(list))
	for _, a := range list {
		all = append(all, v.account(a))
	}
	return all
}

// self is the viewer's own account.
func (v *view) self(a *store.Account, followRequests int) *Account {
	e := *v.account(a)
	source := &AccountSource{
		Privacy: visibilityWord(a.DefaultVisibility), Sensitive: a.DefaultSensitive, Note: a.Note,
		Fields: make([]Field, 0, len(a.Fields.V)), FollowRequestsCount: followRequests,
		Discoverable: a.Discoverable, Indexable: true,
	}
	if a.Language != "" {
		source.Language = &a.Language
	}
	for _, f := range a.Fields.V {
		source.Fields = append(source.Fields, Field{Name: f.Name, Value: f.Value})
	}
	e.Source = source
	e.Role = &Role{ID: "-99", Permissions: permitNothing}
	if known, ok := roles[a.Role]; ok {
		e.Role = &known
	}
	return &e
}

// Suggestion is an account that one might follow. Source is what older clients know.
type Suggestion struct {
	Source  string   `json:"source"`
	Sources []string `json:"sources"`
	Account *Account `json:"account"`
}
