package templates

import "tintype/internal/lang"

// FeedView is the home feed: cards one under the other.
type FeedView struct {
	Announcements []AnnouncementView // that the member has not dismissed; on the first page
	Posts         []PostView
	Pager         Pager
	Welcome       *WelcomeView // where the feed is short; nil elsewhere
}

// WelcomeView is what a short feed shows besides: whom to follow, which tags are used, and what to do first.
type WelcomeView struct {
	People  []PersonView
	Tags    []TagView
	Steps   bool // the member has followed nobody and posted nothing yet
	Picture bool // and has a picture of themselves
}

// ExploreKind says which page of Explore is shown.
type ExploreKind string

const (
	ExploreNew     ExploreKind = ""
	ExplorePopular ExploreKind = "popular"
	ExploreTags    ExploreKind = "tags"
	ExplorePeople  ExploreKind = "people"
	ExploreAlbums  ExploreKind = "albums" // has a page of its own, AlbumsPage
)

// ExploreView is /explore, /explore/popular, /explore/tags or /people. Each has what its kind names.
type ExploreView struct {
	Kind   ExploreKind
	Grid   GridView
	Tags   []TagView
	People []PersonView
	New    bool // of people: those who joined last, instead of those who post
	Pager  Pager
}

// GridView is posts as tiles.
type GridView struct {
	Posts  []PostView
	Pager  Pager
	Empty  string     // what to say when there is nothing; each page has its own words where this is ""
	Newest []PostView // to look at where there is nothing
}

// MarkedKind says what the posts of a page were marked by.
type MarkedKind string

const (
	MarkedBookmarks MarkedKind = "bookmarks"
	MarkedLikes     MarkedKind = "likes"
	MarkedBoosts    MarkedKind = "boosts"
)

// Title is the page's heading.
func (k MarkedKind) Title() string {
	switch k {
	case MarkedLikes:
		return lang.Key("Likes")
	case MarkedBoosts:
		return lang.Key("Boosts")
	}
	return lang.Key("Bookmarks")
}

// MarkedView is /bookmarks, /likes or /boosts: what the member has marked, the latest mark first.
type MarkedView struct {
	Kind MarkedKind
	Grid GridView
}

// FrontView is the site's first page for a visitor.
type FrontView struct {
	Lead *PostView // the newest public post without a warning, or nil
	Grid GridView
}

// TagView is /tags/:tag, or a tag in a list.
type TagView struct {
	Tag       string // without #, as most write it
	URL       string // a form posts to /follow or /unfollow below it
	Following bool
	Posts     int       // in a list: how many carry it
	Cover     *PostView // in a list: a post that shows it, or nil
	Grid      GridView
}

// SearchView is /search. Query is "" before anything was asked.
type SearchView struct {
	Query  string
	Error  string // what is wrong with it, a sentence
	People []PersonView
	Tags   []TagCount
	Grid   GridView
	Found  []FoundView // where the words stand
	Newest []PostView  // to look at where nothing was found
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
	NotifyBoost          NotificationKind = "reblog"
	NotifyPost           NotificationKind = "status" // somebody whose posts the member asked to be told of has posted
	NotifyUpdate         NotificationKind = "update" // a post that the member boosted or commented on was edited
	NotifyComment        NotificationKind = "comment"
	NotifyMention        NotificationKind = "mention"
	NotifyFollowAccepted NotificationKind = "follow_accepted"
	NotifyAlbum          NotificationKind = "album_invite"
	NotifySignUp         NotificationKind = "admin.sign_up"
	NotifyWaiting        NotificationKind = "waiting"      // for moderators: somebody asks to join
	NotifyHeld           NotificationKind = "admin.held"   // for moderators: a post waits
	NotifyAppeal         NotificationKind = "admin.appeal" // for moderators: somebody answered a decision
	NotifyDecision       NotificationKind = "decision"
	NotifyOutcome        NotificationKind = "report_outcome"
	NotifyApproved       NotificationKind = "held_approved" // a post of the member's that waited is published
	NotifyAnnouncement   NotificationKind = "announcement"  // somebody commented on an announcement
	NotifyAccount        NotificationKind = "account"       // of the member's own account, such as a log-in in a new browser
	NotifyReport         NotificationKind = "admin.report"  // for administrators: somebody reported something
	NotifyGiven          NotificationKind = "given"         // for moderators: somebody gave them a report
)

// NotificationView is one row of /notifications.
type NotificationView struct {
	ID      string
	Kind    NotificationKind
	Account AccountView
	Created When
	Unread  bool
	Before  *AccountView // who did the same before, nil for nobody
	Others  int          // how many did, Before among them
	URL     string       // what it is about: a post, a comment, or the account
	Words   string       // of NotifyAccount: what happened
	Comment bool         // what it is about is a comment
	Text    string       // a comment's beginning, or an album's title, plain; may be ""
	Post    *PostView    // for the thumbnail; covered posts show their colours only
}

// NotificationTabs are the parts of /notifications, by the ends of their addresses.
var NotificationTabs = []Option{{Value: "", Label: lang.Key("All")}, {Value: "comments", Label: lang.Key("Comments")}, {Value: "likes", Label: lang.Key("Likes")}, {Value: "boosts", Label: lang.Key("Boosts")}, {Value: "followers", Label: lang.Key("Followers")}, {Value: "posts", Label: lang.Key("Posts")}}

// NotificationsView is /notifications.
type NotificationsView struct {
	Items          []NotificationView
	Part           string // one of NotificationTabs, "" for all
	FollowRequests int
	Newest         []PostView // to look at while nothing has happened
	Pager          Pager
}

// withoutName reports whether the words are the whole sentence: who acts are the moderators, none of whom is named, or the member, or nobody knows.
func (k NotificationKind) withoutName() bool {
	return k == NotifyAccount || k == NotifyDecision || k == NotifyOutcome || k == NotifyApproved || k == NotifyGiven
}
