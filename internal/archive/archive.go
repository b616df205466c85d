// Package archive knows the shapes of archives of photographs: the export that this program makes, and the exports of
// other services that it reads. It knows neither the database nor the rules of the site.
package archive

import "time"

// The files of an export. Their names never change, because imports read them.
const (
	ProfileFile  = "data/profile.json"
	PostsFile    = "data/posts.json"
	CommentsFile = "data/comments.json"
	AlbumsFile   = "data/albums.json"
)

// Profile is what an export says of the member.
type Profile struct {
	Username    string         `json:"username"`
	DisplayName string         `json:"display_name"`
	Site        string         `json:"site"`
	SiteName    string         `json:"site_name"`
	URL         string         `json:"url"`
	Email       string         `json:"email,omitempty"`
	Note        string         `json:"note"`
	Fields      []Field        `json:"fields"`
	Avatar      string         `json:"avatar,omitempty"` // a file of the export
	Header      string         `json:"header,omitempty"`
	CreatedAt   time.Time      `json:"created_at"`
	ExportedAt  time.Time      `json:"exported_at"`
	Settings    map[string]any `json:"settings"`
}

// Field is a line of a profile.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Post is a post of an export.
type Post struct {
	ID         string     `json:"id"`
	URL        string     `json:"url"`
	CreatedAt  time.Time  `json:"created_at"`
	EditedAt   *time.Time `json:"edited_at,omitempty"`
	Visibility string     `json:"visibility"`
	Caption    string     `json:"caption"`
	Tags       []string   `json:"tags,omitempty"`
	Warning    string     `json:"warning,omitempty"`
	Sensitive  bool       `json:"sensitive,omitempty"`
	Licence    string     `json:"licence"`
	ShowExif   bool       `json:"show_exif"`
	Language   string     `json:"language,omitempty"`
	Likes      int        `json:"likes"`
	Boosts     int        `json:"boosts"`
	// CommentsFrom says who may comment: everyone, followers or nobody.
	CommentsFrom string    `json:"comments_from,omitempty"`
	Comments     int       `json:"comments"`
	Photos       []Photo   `json:"photos"`
	Versions     []Version `json:"earlier_versions,omitempty"`
}

// Version is what a post said before it was edited.
type Version struct {
	Since   time.Time `json:"since"`
	Caption string    `json:"caption"`
	Warning string    `json:"warning,omitempty"`
}

// Photo is a photograph of a post.
type Photo struct {
	File        string  `json:"file"`  // of the export
	Small       string  `json:"small"` // a small copy
	Name        string  `json:"name,omitempty"`
	Description string  `json:"description,omitempty"`
	Width       int     `json:"width"`
	Height      int     `json:"height"`
	FocusX      float64 `json:"focus_x,omitempty"`
	FocusY      float64 `json:"focus_y,omitempty"`
	Metadata    any     `json:"metadata,omitempty"`
}

// Comment is a comment that the member wrote.
type Comment struct {
	ID        string     `json:"id"`
	URL       string     `json:"url"`
	InReplyTo string     `json:"in_reply_to"` // an address on the site
	CreatedAt time.Time  `json:"created_at"`
	EditedAt  *time.Time `json:"edited_at,omitempty"`
	Text      string     `json:"text"`
	Warning   string     `json:"warning,omitempty"`
	Sensitive bool       `json:"sensitive,omitempty"`
	Photos    []Photo    `json:"photos,omitempty"`
	Versions  []Version  `json:"earlier_versions,omitempty"`
}

// Mark is a like, a bookmark, a boost or a pin: which post, and since when. The post itself is its author's.
type Mark struct {
	URL       string    `json:"url"`
	Author    string    `json:"author"`
	CreatedAt time.Time `json:"created_at"`
}

// AnnouncementComment is a comment of the member's on an announcement.
type AnnouncementComment struct {
	URL       string    `json:"url"` // of the announcement
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
}

// HeldPost is a post or comment of the member's that waits for a moderator, or was not published.
type HeldPost struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	// Why it had to wait: "first" among the first of a new member, "word: …" for a blocked word, "photo" for a photograph.
	Why []string `json:"why"`
	// State is waits or rejected.
	State        string     `json:"state"`
	DecidedAt    *time.Time `json:"decided_at,omitempty"`
	Words        string     `json:"words,omitempty"`       // of the moderators
	InReplyTo    string     `json:"in_reply_to,omitempty"` // of a comment: an address on the site
	Visibility   string     `json:"visibility"`
	Caption      string     `json:"caption"`
	Tags         []string   `json:"tags,omitempty"`
	Warning      string     `json:"warning,omitempty"`
	Sensitive    bool       `json:"sensitive,omitempty"`
	Licence      string     `json:"licence"`
	ShowExif     bool       `json:"show_exif"`
	Language     string     `json:"language,omitempty"`
	CommentsFrom string     `json:"comments_from,omitempty"`
	Photos       []Photo    `json:"photos"` // none of a rejected one: they are deleted
}

// Album is an album of the member's. Photos are the member's own in it; those of others are theirs.
type Album struct {
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Visibility  string    `json:"visibility"`
	CreatedAt   time.Time `json:"created_at"`
	// Adders says who else adds: owner (nobody), invited or members.
	Adders string `json:"adders"`
	// Order is that of the photographs: newest, oldest or hand.
	Order   string   `json:"order"`
	LastDay string   `json:"last_day,omitempty"` // on which something could be added
	Cover   string   `json:"cover,omitempty"`    // a file of the export; left out where another's photograph is chosen, or none
	Invited []string `json:"invited,omitempty"`  // usernames
	Photos  []string `json:"photos"`             // files of the export
}

// NotificationChoices say where the member learns of what. Digest is the weekly mail.
type NotificationChoices struct {
	Digest bool                 `json:"weekly_mail"`
	Kinds  []NotificationChoice `json:"kinds"`
}

// NotificationChoice is where the member learns of one kind.
type NotificationChoice struct {
	Kind string `json:"kind"`
	Page bool   `json:"page"`
	Push bool   `json:"push"`
	Mail bool   `json:"mail"`
}

// Decision is what moderators decided about the member, and what became of the member's answer.
type Decision struct {
	Kind        string     `json:"kind"`
	CreatedAt   time.Time  `json:"created_at"`
	Words       string     `json:"words,omitempty"`
	About       string     `json:"about,omitempty"` // of the member's post, as it was
	EndsAt      *time.Time `json:"ends_at,omitempty"`
	UndoneAt    *time.Time `json:"undone_at,omitempty"`
	Appeal      string     `json:"appeal,omitempty"`
	AppealedAt  *time.Time `json:"appealed_at,omitempty"`
	Answer      string     `json:"answer,omitempty"`
	AnswerWords string     `json:"answer_words,omitempty"`
	AnsweredAt  *time.Time `json:"answered_at,omitempty"`
}

// Report is what the member told the moderators.
type Report struct {
	Username  string     `json:"username,omitempty"` // whom it is about
	URL       string     `json:"url,omitempty"`      // of a post, or of an announcement under which somebody commented
	CreatedAt time.Time  `json:"created_at"`
	Category  string     `json:"category,omitempty"`
	Rule      string     `json:"rule,omitempty"`
	Comment   string     `json:"comment,omitempty"`
	State     string     `json:"state"`
	ClosedAt  *time.Time `json:"closed_at,omitempty"`
}

// AnnouncementReaction is an emoji that the member put to an announcement.
type AnnouncementReaction struct {
	URL       string    `json:"url"` // of the announcement
	Emoji     string    `json:"emoji"`
	CreatedAt time.Time `json:"created_at"`
}

// Application may act for the member.
type Application struct {
	Name      string     `json:"name"`
	Website   string     `json:"website,omitempty"`
	Scopes    []string   `json:"scopes"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

// List is a list of people that the member follows, with a feed of its own.
type List struct {
	Title     string   `json:"title"`
	Exclusive bool     `json:"exclusive"` // their posts are in this feed alone
	Members   []string `json:"members"`   // usernames
}

// Filter is what the member wants hidden or covered.
type Filter struct {
	Title    string       `json:"title"`
	Contexts []string     `json:"contexts"`
	Hide     bool         `json:"hide"` // else covered
	EndsAt   *time.Time   `json:"ends_at,omitempty"`
	Keywords []FilterWord `json:"keywords"`
	Posts    []string     `json:"posts"` // addresses
}

// FilterWord is a word, or words in a row, of a Filter.
type FilterWord struct {
	Keyword   string `json:"keyword"`
	WholeWord bool   `json:"whole_word"`
}

// Person is somebody whom the member follows, blocks, mutes or keeps a note of.
type Person struct {
	Username  string     `json:"username"`
	URL       string     `json:"url"`
	CreatedAt time.Time  `json:"created_at"`
	EndsAt    *time.Time `json:"ends_at,omitempty"` // of a mute
	Note      string     `json:"note,omitempty"`
}
