package store

import (
	"encoding/json"
	"time"
)

// Millis is a moment as milliseconds since 1970 UTC, the way the schema keeps times.
type Millis int64

// ToMillis drops what is finer than a millisecond.
func ToMillis(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time is the moment in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Visibility says who may see a post.
type Visibility string

// The visibilities a post can have.
const (
	Public    Visibility = "public"    // everybody, listed in feeds
	Unlisted  Visibility = "unlisted"  // everybody who has the address or looks at the profile
	Followers Visibility = "followers" // approved followers only
)

// Post kinds. Posts and comments share the table posts.
const (
	KindPost    = "post"
	KindComment = "comment"
)

// Roles of accounts, from the one that may least to the one that may all.
const (
	RoleMember    = "member"
	RoleModerator = "moderator"
	RoleAdmin     = "admin"
	RoleOwner     = "owner"
)

// Photo states, in the order in which they are reached.
const (
	PhotoUploading = "uploading" // its original is being written
	PhotoPending   = "pending"   // the original is whole, a job makes the variants
	PhotoReady     = "ready"
	PhotoRefused   = "refused" // RefusalCode and Refusal say why
	PhotoKept      = "kept"    // an edit took it out of its post, which was reported: it is for those who read reports alone
	PhotoGone      = "gone"    // no longer wanted; a job removes its bytes and then the row
)

// Purposes of photos.
const (
	PurposePost   = "post"
	PurposeAvatar = "avatar"
	PurposeHeader = "header"
	// PurposeReplaced is that of an avatar or header whose place another took: its addresses are good for a day.
	PurposeReplaced = "replaced"
)

// Sources of unattached photos. Those of the web belong to their author's draft.
const (
	SourceWeb  = "web"
	SourceAPI  = "api"
	SourceEdit = "edit" // added to a post that is being edited
	// SourceImport is of photos that a job posts soon. They count among no photos that wait.
	SourceImport = "import"
	SourceHeld   = "held" // of a post that waits for a moderator
	SourceDemo   = "demo" // its files are shared by many rows and never deleted
)

// CommentsFrom says who may comment on a post.
type CommentsFrom string

const (
	CommentsFromEveryone  CommentsFrom = "everyone"  // who may see it and has an account
	CommentsFromFollowers CommentsFrom = "followers" // its author, and who follows its author
	CommentsFromNobody    CommentsFrom = "nobody"    // its thread is closed, to its author as well
)

// Media set kinds (the first element of their keys) and states.
const (
	SetPublic   = "pub"
	SetPrivate  = "priv"
	SetOriginal = "orig"

	ObjectNew     = "new" // being written; nothing points at it yet
	ObjectLive    = "live"
	ObjectRetired = "retired" // the photo has another set now; its addresses are good for a while yet
	ObjectGone    = "gone"    // no longer wanted; a job removes its bytes
)

// Job states.
const (
	JobReady = "ready"
	JobDone  = "done"
	JobDead  = "dead"
)

// Account is a member. Email and Password belong to the member alone.
type Account struct {
	ID                  int64
	Username            string
	UsernameKey         string // Fold(Username), unique
	Email               string
	EmailKey            *string // EmailKey(Email), unique; nil without one
	EmailVerifiedAt     *Millis // when a mail to the address was answered; nil while none was
	EmailUndoneAt       Millis  `json:"-"` // when an old address was brought back last; 0: never
	EmailUndoneChange   Millis  `json:"-"` // when the change was made that this undid
	UnconfirmedAt       *Millis `json:"-"` // it came as a stranger with an address that nobody has confirmed, and was last seen then; nil: it is not swept
	MailFailedAt        *Millis `json:"-"` // when a mail to the address failed that none has reached since
	PasswordHash        string
	TwoFactorsAt        *Millis `json:"-"` // since when second factors are asked for, and devices remembered; nil: there are none
	DisplayName         string
	Note                string
	Fields              JSON[[]Field]
	AvatarPhotoID       *int64
	HeaderPhotoID       *int64
	PhotosVersion       int64 // another after every change of what is shown of these two
	Locked              bool  // followers need approval
	Bot                 bool  // a program posts for it
	Discoverable        bool  // search engines may list its profile
	Role                string
	DefaultVisibility   Visibility
	DefaultLicence      string
	DefaultShowExif     bool
	DefaultCommentsFrom CommentsFrom
	DefaultSensitive    bool
	WarnedPhotos        string // ask, show, hide: photos under a content warning
	Theme               string // system, light, dark
	LetterKeys          bool   // keyboard shortcuts by single letters
	Language            string // of its posts
	PagesLanguage       string // of the pages it reads; "": the site's
	Filters             string `json:"-"` // what the member wants hidden or covered, as package community writes it
	ExclusiveLists      int    // how many lists of its own are exclusive
	FollowersCount      int
	FollowingCount      int
	PostsCount          int
	OpenPostsCount      int     // without those for followers only: what everybody may know
	CommentsCount       int     // all of its comments
	OpenCommentsCount   int     // without those on posts for followers only
	LastPostAt          *Millis // the millisecond of its newest post's id, which home feeds rely on
	LastBoostAt         *Millis // at least the millisecond of its newest boost's id; nil: it never boosted
	NotificationsReadID int64
	SessionEpoch        int // sessions made under another epoch are over
	SuspendedAt         *Millis
	SuspendedUntil      *Millis `json:"-"` // nil: without an end
	LeavingAt           *Millis `json:"-"` // its member left then, and may come back for a while; suspended as long
	LimitedAt           *Millis // shown to its followers, and by its address to members
	StorageQuota        *int64  `json:"-"` // bytes of its photos, nil: the site's
	WaitingAt           *Millis // asked to join then, and waits for somebody's decision; suspended as long as it waits
	JoinReason          string  // what it gave as a reason
	InvitationID        *int64  // by which it came
	DeletedAt           *Millis // hidden at once, removed in batches by a job
	CreatedAt           Millis
	UpdatedAt           Millis

	Avatar, Header *Photo `gorm:"-"` // where they were loaded and are ready
	AllRead        bool   `gorm:"-"` // there was no unread notification when SessionAccount read it; false elsewhere
}

// Limited reports whether only its followers, and members who ask for it, see the account.
func (a *Account) Limited() bool { return a.LimitedAt != nil }

// OnlyLeaving reports whether the account is suspended for no other reason than that its member has left: the two have one moment.
func (a *Account) OnlyLeaving() bool {
	return a.LeavingAt != nil && a.SuspendedAt != nil && *a.LeavingAt == *a.SuspendedAt
}

// Barred reports whether moderators have suspended the account: neither does it only wait to be let in, nor has its member only left.
func (a *Account) Barred() bool {
	return a.SuspendedAt != nil && a.WaitingAt == nil && !a.OnlyLeaving()
}

// Active reports whether the account can be seen and can act.
func (a *Account) Active() bool { return a.SuspendedAt == nil && a.DeletedAt == nil }

// Name is what people read: the display name, else the username.
func (a *Account) Name() string {
	if a.DisplayName != "" {
		return a.DisplayName
	}
	return a.Username
}

// Field is a row of a profile's table.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Session is a log-in.
type Session struct {
	AccountID int64
	Hash      string
	Epoch     int
	UserAgent string
	Address   string
	CreatedAt Millis
	UsedAt    Millis // touched at most daily
	ExpiresAt Millis
}

// OneTimeLink lets whoever holds its secret finish a sign-up ("invite") or choose a new password ("reset").
type OneTimeLink struct {
	Hash      string
	Kind      string
	AccountID *int64
	Role      string
	CreatedAt Millis
	ExpiresAt Millis
	UsedAt    *Millis

	Email string `gorm:"-"` // of whom an Invitation was sent to
}

// App is an OAuth client.
type App struct {
	ID               int64
	Name             string
	Website          string
	RedirectURIs     JSON[[]string] `gorm:"column:redirect_uris"`
	Scopes           string
	ClientID         string
	ClientSecretHash string
	CreatedAt        Millis
}

// AccessToken is a bearer token; AccountID is nil for client credentials.
type AccessToken struct {
	ID        int64
	Hash      string
	AccountID *int64
	AppID     int64
	Scopes    string
	CreatedAt Millis
	UsedAt    Millis
	Address   string   // from which it was used last; "" before
	Position  Position // from which its client reads; see CarryByToken
}

// AuthorizationCode is exchanged once for a token; TokenID remembers which, so that a replay revokes it.
type AuthorizationCode struct {
	Hash          string
	AppID         int64
	AccountID     int64
	RedirectURI   string
	Scopes        string
	CodeChallenge string
	TokenID       *int64
	CreatedAt     Millis
	ExpiresAt     Millis
}

// Follow is an approved follow, FollowRequest one that waits for approval.
type Follow struct {
	ID         int64
	FollowerID int64
	FolloweeID int64
	HideBoosts bool // the followee's boosts are not shown to the follower
	Notify     bool // the follower is notified of the followee's posts
	CreatedAt  Millis
}

// FollowRequest waits for the approval of a locked account.
type FollowRequest Follow

// Block hides two accounts from each other.
type Block struct {
	ID        int64
	AccountID int64
	TargetID  int64
	CreatedAt Millis
}

// Post is a post (kind post, 1 to 10 photos) or a comment.
type Post struct {
	ID                int64
	AuthorID          int64
	Kind              string
	Home              bool   // appears in home feeds: kind post and not deleted
	Listed            bool   // appears in public and tag feeds: kind post, public and not deleted
	RootID            *int64 // of a comment: the post of its thread
	InReplyToID       *int64
	InReplyToAuthorID *int64
	Caption           string
	Warning           string // content warning; with Sensitive its photos wait for the reader's wish
	Sensitive         bool
	Visibility        Visibility
	Licence           string
	ShowExif          bool
	CommentsFrom      CommentsFrom // of a post: who may comment in its thread
	Language          string
	PhotosCount       int
	PhotosVersion     int64 // another after every change of what is shown of its photos
	LikesCount        int
	BoostsCount       int
	CommentsCount     int // of a post: all comments in its thread; of a comment: direct replies
	AppID             *int64
	CreatedAt         Millis
	EditedAt          *Millis
	DeletedAt         *Millis

	Marks `gorm:"-"` // of the viewer for whom it was read

	// What brought the post into a feed, where that was a boost; else 0.
	BoostID   int64 `gorm:"-"`
	BoosterID int64 `gorm:"-"`
}

// Marks are what one account has done with a post.
type Marks struct {
	Liked, Boosted, Bookmarked bool
	Muted                      bool // its conversation
	Pinned                     bool // to the profile
}

// FeedID is what a feed with boosts is ordered and paged by: the boost's id, or the post's.
func (p *Post) FeedID() int64 {
	if p.BoostID != 0 {
		return p.BoostID
	}
	return p.ID
}

// Warned reports whether the post's photos are shown only to readers who ask.
func (p *Post) Warned() bool { return p.Sensitive || p.Warning != "" }

// Tag is a hashtag; Name is as first written, NameKey folded.
type Tag struct {
	ID        int64
	Name      string
	NameKey   string
	CreatedAt Millis
}

// Like is a favourite.
type Like struct {
	ID        int64
	AccountID int64
	PostID    int64
	CreatedAt Millis
}

// Boost is a post that an account shows to its followers as well.
type Boost Like

// Draft is what a member has typed for the next post. Its photos are the unattached ones of source web.
type Draft struct {
	AccountID    int64
	Caption      string
	Warning      string
	Visibility   Visibility
	Licence      string
	ShowExif     bool
	CommentsFrom CommentsFrom
	AlbumID      int64 // into which the photos go as well, 0 for none
	UpdatedAt    Millis
}

// Notification kinds, named as in Mastodon's API.
const (
	NotifyFollow        = "follow"
	NotifyFollowRequest = "follow_request"
	NotifyLike          = "favourite"
	NotifyBoost         = "reblog"
	NotifyMention       = "mention" // a mention, or a comment on one's post or comment
	NotifyPost          = "status"  // a post of somebody whose follow has Notify
	NotifyUpdate        = "update"  // a post that one boosted or commented on was edited
	NotifyReport        = "admin.report"
	NotifySignUp        = "admin.sign_up"
	NotifyDecision      = "decision"       // of the moderators about the account or one of its posts; moderation_warning in the API
	NotifyOutcome       = "report_outcome" // what came of a report; Mastodon has none, so the API leaves it out
	NotifyApproved      = "held_approved"  // the author's held post is published; only on pages
	NotifyHeld          = "admin.held"     // for moderators: a post waits; only on pages
	NotifyAppeal        = "admin.appeal"   // for moderators: a member answered a decision; only on pages, too
	NotifyAccount       = "account"        // what became of the member's own account, such as a log-in in a new browser; only on pages
	NotifyAnnouncement  = "announcement"   // a comment on an announcement, for those who announce and who commented before; only on pages
	NotifyAlbum         = "album_invite"   // an invitation to an album; Mastodon has none, so the API leaves it out
)

// Notification says that FromID did something that concerns AccountID.
type Notification struct {
	ID        int64
	AccountID int64
	Kind      string
	FromID    int64
	PostID    *int64
	AlbumID   *int64 // of NotifyAlbum
	RefID     *int64 // the report of NotifyReport and NotifyOutcome, the decision of NotifyDecision and NotifyAppeal, the held post of NotifyHeld; which news it is of NotifyAccount; the comment of NotifyAnnouncement
	CreatedAt Millis
	FromWaits bool `gorm:"-"` // whoever it is from waits to be let in
}

// Report is a complaint for the administrators. Excerpt keeps the reported words.
type Report struct {
	ID         int64
	ReporterID *int64
	TargetID   int64
	PostID     *int64
	Category   string // spam, legal, violation, other; "" of reports that earlier releases took by page. The page's reason is the first line of Comment
	Rule       string // the site's rule that it is about, in its words, or ""
	Comment    string
	Excerpt    string
	State      string // open, closed
	ClosedByID *int64
	CreatedAt  Millis
	ClosedAt   *Millis

	AssignedToID *int64 // the moderator who looks at it
	Decision     string // one of the kinds of decisions, "" where it is open
	DecisionID   *int64 // of a decision that the member was told

	AnnouncementID, CommentID *int64 // of a comment on an announcement

	AvatarPhotoID, HeaderPhotoID *int64 // of the account, where the report is about one, as they were then
}

// IdempotencyKey ties a key to the post that it made, or to the album, list or report that a form with it made.
type IdempotencyKey struct {
	AccountID int64
	KeyHash   string
	BodyHash  string
	PostID    int64
	CreatedAt Millis
}

// Marker is how far a client has read a timeline.
type Marker struct {
	AccountID  int64
	Timeline   string
	LastReadID int64
	Version    int
	UpdatedAt  Millis
}

// Job is work to be done after a commit. Leases and RunAt follow the database's clock.
type Job struct {
	ID         int64
	Kind       string
	Payload    json.RawMessage
	State      string
	Attempts   int
	RunAt      Millis
	LeaseUntil Millis
	LeaseToken string
	Error      string
	CreatedAt  Millis
	FinishedAt *Millis
}

// Event is one row of the bus that instances follow. At is by the database's clock.
type Event struct {
	ID        int64
	At        Millis
	Kind      string
	AccountID int64 // whom it concerns, 0 everybody
	RefID     int64
	Payload   json.RawMessage
}

// Trend is a place in what is popular. A job writes them all anew.
type Trend struct {
	Kind           string
	Position       int // from 0
	TargetID       int64
	CoverID        int64 // a post that shows it, 0 for none
	Uses, Accounts int
	Days           string // of a tag: what each of the last days had, as TagDays writes it
}
