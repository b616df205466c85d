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
}

// ProfileField is one line of a profile's table.
type ProfileField struct {
	Name  string
	Value RichText
}

// ProfileView is an account's page.
type ProfileView struct {
	Account   AccountView
	HeaderURL string // "" for the default
	Bio       RichText
	Fields    []ProfileField
	Counts    ProfileCounts
	Relation  RelationView
	Hidden    bool // the posts are not shown to this viewer: blocked
	Grid      GridView
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
	CanRemove bool // the viewer may remove this follower
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

// BlockView asks before blocking: GET /@NAME/block.
type BlockView struct {
	Account AccountView
	Return  string // where to go afterwards
}
