package templates

// Source is one variant of a photo.
type Source struct {
	URL   string
	Width int // pixels
}

// PhotoView is a photo with its variants. Where a content warning covers the post, templates write none of its
// addresses.
type PhotoView struct {
	ID          string
	Width       int    // pixels of the upright photo
	Height      int    // pixels
	ColorTop    string // "#rrggbb" of the upper half; "" for the mat's grey
	ColorBottom string
	Sources     []Source // ascending by width; at least one
	SquareURL   string   // 400 by 400 at the focal point
	Focus       string   // classes of the focal point, for square cuts of other variants; see FocusClass
	Alt         string   // the author's description
	Described   bool     // there is a description
	LightboxURL string   // "/@name/ID/N"
	OriginalURL string   // "/photos/ID/original" for its author, else ""
	Exposure    *Exposure
}

// Exposure is the line of camera settings. Empty strings are left out.
type Exposure struct {
	FocalLength string // "35 mm"
	Aperture    string // "f/1.8"
	Shutter     string // "1/250 s"
	ISO         string // "ISO 100"
	Camera      string
	Lens        string
	Taken       string // "21 Nov 2026, 13:58"
}

// PostView is a post as a card in a feed, a tile in a grid, or on its own page.
type PostView struct {
	ID         string
	URL        string // "/@name/ID"
	Author     AccountView
	Created    When
	Edited     bool
	Visibility string // "public", "unlisted" or "followers"
	Photos     []PhotoView
	Caption    RichText
	CaptionCut bool // more than six lines: a feed links to the rest

	Warning string // content warning, "" for none
	Leads   bool   // also stands large above the grid, where there is room for that
	Covered bool   // the reader has not asked to see the photos: no address of them is written
	ShowURL string // this very page with show=ID added, where the photos are uncovered; "" for the post's own page

	Booster   *AccountView // who boosted it into this feed, or nil
	Boostable bool         // a boost of it may be offered

	Likes      int
	Boosts     int
	Comments   int
	Liked      bool
	Boosted    bool
	Bookmarked bool
	Pinned     bool
	Muted      bool // the viewer hears no more of the conversation
	Own        bool // the viewer's
	Removes    bool // the viewer moderates, and may remove it

	LicenceName string // "CC BY 4.0"; "" for all rights reserved
	LicenceURL  string
}

// CommentView is a comment in a thread.
type CommentView struct {
	Filtered   string // the filter that covers it, or ""
	ID         string
	Author     AccountView
	Text       RichText
	Warning    string // words that stand before Text, which they cover; ""
	Photos     []PhotoView
	Covered    bool   // the viewer chose not to see this, or a filter covers it: Photos are bare
	ShowURL    string // of the page that shows it; "" where it is not covered
	Created    When
	Edited     bool
	Likes      int
	Liked      bool
	EditURL    string // of the viewer's own; "" of others'
	Reply      bool   // answers another comment: indented once
	ReplyTo    string // name of whom it answers, where that is not plain from the order; else ""
	ByAuthor   bool   // written by the post's author
	CanRemove  bool   // the viewer's own, or under the viewer's own post, or the viewer moderates
	CanReport  bool
	ReplyURL   string // the post's page with reply=ID, and #comment; "" where the viewer may not answer
	HiddenText string // instead of Text, such as "This comment was removed."
}

// CommentEditView is /posts/ID/edit of a comment.
type CommentEditView struct {
	Action, Return string
	Text, Warning  string
	Warned         bool // it has a warning, which the form has as well
	Max            int  // characters
	Errors         FieldErrors
}

// CommentForm is the form under a post: it posts text, in_reply_to and idempotency_key to /posts/ID/comments.
type CommentForm struct {
	PostID         string
	Text           string
	InReplyTo      string // a comment's id, or ""
	InReplyToName  string
	IdempotencyKey string
	Max            int // characters
	Errors         FieldErrors
}

// PostPageView is /@NAME/ID.
type PostPageView struct {
	Post         PostView
	Comments     []CommentView
	MoreURL      string       // further comments, or ""
	PastComments bool         // the page lies behind the last comment
	Form         *CommentForm // nil for visitors, and for whom may not comment
	NoComment    string       // why not, in a sentence; "" where the viewer, or every member, may
	CommentsFrom string       // of one's own post; "" elsewhere
	NewerURL     string       // the author's next newer post, or ""
	OlderURL     string
	ShareURL     string // absolute, to be passed on
}

// LikesView is /@NAME/ID/likes.
type LikesView struct {
	Post   PostView
	People []PersonView
	Pager  Pager
}

// HistoryView is /posts/ID/history: the versions of a post, newest first.
type HistoryView struct {
	Author   AccountView
	PostURL  string
	Versions []VersionView
}

// VersionView is a post as it was from Created on.
type VersionView struct {
	Created      When
	Caption      RichText
	Warning      string
	Photos       int
	Descriptions []string
}

// LightboxView is /@NAME/ID/N: one photo on the plate.
type LightboxView struct {
	Post   PostView
	Number int // from 1
}

// PostEditView is GET /posts/ID/edit. It posts caption, visibility, warning, licence, show_exif, comments_from, the ids of the photos in
// their order as photo, and for each description-ID, focus-ID (see ParseFocus) and order-ID. With drop=ID, move=ID:-1 or
// move=ID:1 it is shown again with its photos so, and nothing is saved. /posts/ID/photos takes the same fields with files
// in photos, and shows it again with these; to a script that sends one file it answers as /compose/photos does.
type PostEditView struct {
	Post         PostView
	Caption      string // as entered
	CaptionMax   int
	Visibility   string
	Warning      string
	Licence      string
	Licences     []Option
	ShowExif     bool
	CommentsFrom string // "everyone", "followers" or "nobody"
	Photos       []DraftPhotoView
	Had          string // ids of the photos that the post had when the form was first shown, with commas; the form posts them as had
	MaxPhotos    int
	MaxBytes     int64
	Limit        string // in words: "40 MB and 100 megapixels"
	Accept       string
	HEIC         bool
	HEICHelp     string
	Errors       FieldErrors
}

// DeleteView asks before a post or a comment is deleted: GET /posts/ID/delete, and /announcements/ID/comments/ID/remove.
type DeleteView struct {
	Action   string // where the form posts to
	Comment  bool   // it is a comment
	Text     RichText
	Photos   int
	Comments int
	Return   string // where to go when nothing is deleted
	Then     string // where the answer leads; the form posts it, for a second click that finds nothing any more
	// Removes is the author's username where a moderator removes what somebody else wrote. The form posts words, reason and alike
	// then.
	Removes       string
	Words, Reason string
	Alike         bool
	Errors        FieldErrors
}

// ReportView is the form to report a post, a comment or an account. It posts reason and text to Action.
type ReportView struct {
	Action  string // "/posts/ID/report" or "/@name/report"
	What    string // "this post by @ada", "@ada"
	Reasons []Option
	Reason  string
	Text    string
	Rules   []Option // of the site
	Rule    string   // "" for none
	Return  string
	Errors  FieldErrors
}

// ParseFocus reads a focus-ID field, "x,y" with -1, 0 or 1 each; ok is false for anything else.
func ParseFocus(value string) (x, y int, ok bool) {
	for y = -1; y <= 1; y++ {
		for x = -1; x <= 1; x++ {
			if focusValue(x, y) == value {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}
