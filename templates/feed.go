package templates

// FeedView is the home feed: cards one under the other.
type FeedView struct {
	Posts []PostView
	Pager Pager
}

// GridView is posts as tiles.
type GridView struct {
	Posts []PostView
	Pager Pager
	Empty string // what to say when there is nothing; each page has its own words where this is ""
}

// FrontView is the site's first page for a visitor.
type FrontView struct {
	Lead *PostView // the newest public post without a warning, or nil
	Grid GridView
}

// TagView is /tags/:tag.
type TagView struct {
	Tag  string // without #, as most write it
	Grid GridView
}

// SearchView is /search. Query is "" before anything was asked.
type SearchView struct {
	Query  string
	People []PersonView
	Tags   []TagCount
	Grid   GridView
}

// TagCount is a tag found.
type TagCount struct {
	Name  string // without #
	URL   string
	Posts int // 0 to leave the number out
}

// NotificationKind says what happened.
type NotificationKind string

const (
	NotifyFollow         NotificationKind = "follow"
	NotifyRequest        NotificationKind = "follow_request"
	NotifyLike           NotificationKind = "favourite"
	NotifyComment        NotificationKind = "comment"
	NotifyMention        NotificationKind = "mention"
	NotifyFollowAccepted NotificationKind = "follow_accepted"
	NotifyReport         NotificationKind = "admin.report" // for administrators: somebody reported something
)

// NotificationView is one row of /notifications.
type NotificationView struct {
	ID      string
	Kind    NotificationKind
	Account AccountView
	Created When
	Unread  bool
	URL     string    // what it is about: a post, a comment, or the account
	Text    string    // a comment's beginning, plain; may be ""
	Post    *PostView // for the thumbnail; covered posts show their colours only
}

// NotificationsView is /notifications; its form posts to /notifications/clear.
type NotificationsView struct {
	Items          []NotificationView
	FollowRequests int
	Pager          Pager
}
