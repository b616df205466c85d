package templates

// AccountView is a member as others see it.
type AccountView struct {
	ID          string
	Name        string // without @
	DisplayName string // never empty: the name where none was chosen
	URL         string // "/@name"
	AvatarURL   string // "" for the default
	Locked      bool
}

// RelationView is the viewer's relationship to an account, for FollowButton and the profile's menu.
type RelationView struct {
	Account    AccountView
	Own        bool // it is the viewer's account
	Following  bool
	Requested  bool // asked to follow a locked account
	FollowsYou bool
	Blocking   bool
	Muting     bool
	HideBoosts bool   // of a follow
	Notify     bool   // of a follow: each post is told
	Note       string // the viewer's own, which nobody else reads
	Reload     bool   // following changes the whole page, so that no script takes the button's place
}

// ProfileField is one line of a profile's table.
type ProfileField struct {
	Name  string
	Value RichText
}

// ProfileView is an account's page.
type ProfileView struct {
	Account    AccountView
	HeaderURL  string // "" for the default
	Bio        RichText
	Fields     []ProfileField
	Counts     ProfileCounts
	Relation   RelationView
	NoteErrors FieldErrors // of the private note, which is Relation.Note as it was typed
	MutedUntil string      // when the viewer's mute ends; "" where nothing says so
	Pinned     []PostView
	Hidden     bool // the posts are not shown to this viewer: blocked
	Grid       GridView
}

// BoostsView is /@NAME/boosts: what the account boosted, the newest boost first.
type BoostsView struct {
	Account AccountView
	Own     bool
	Posts   []PostView
	Pager   Pager
	Newest  []PostView // to look at where there is nothing
}

// ProfileCounts are the numbers under a profile's name.
type ProfileCounts struct {
	Posts     int
	Followers int
	Following int
	Joined    When // left out where it is zero
}

// PeopleKind says which list of people a page shows.
type PeopleKind string

const (
	PeopleFollowers PeopleKind = "followers"
	PeopleFollowing PeopleKind = "following"
)

// PersonView is a row in a list of people.
type PersonView struct {
	Account   AccountView
	Bio       string // plain text, at most a line or two; may be ""
	Relation  RelationView
	CanRemove bool       // the viewer may remove this follower
	Why       string     // why it is suggested, or ""
	Photos    []PostView // the newest, where the list shows them
}

// PeopleView is /@NAME/followers or /@NAME/following.
type PeopleView struct {
	Account AccountView
	Kind    PeopleKind
	Own     bool // it is the viewer's own list
	People  []PersonView
	Pager   Pager
}

// FollowRequestsView is /follow-requests; its forms post to /follow-requests/NAME/accept and /refuse.
type FollowRequestsView struct {
	People []PersonView
	Pager  Pager
}

// MuteView asks for how long: GET /@NAME/mute. It posts for, in hours, and keep_notifications.
type MuteView struct {
	Account AccountView
	Times   []Option
	Return  string // where to go afterwards
}

// SettingsMutesView is /settings/mutes; its forms post to /@NAME/unmute.
type SettingsMutesView struct {
	People []PersonView
	Pager  Pager
}

// SettingsConversationsView is /settings/mutes/conversations; its forms post to /posts/ID/unmute.
type SettingsConversationsView struct {
	Posts []PostView
	Pager Pager
}

// SettingsTagsView is /settings/tags; its forms post to /tags/TAG/unfollow.
type SettingsTagsView struct {
	Tags []TagCount
	Used []TagView // to begin with, where none is followed
}

// BlockView asks before blocking: GET /@NAME/block.
type BlockView struct {
	Account AccountView
	Return  string // where to go afterwards
}
