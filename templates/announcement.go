package templates

// AnnouncementView is one announcement, at the head of home, in the list and on its page. Forms post to /dismiss and
// /react below its address.
type AnnouncementView struct {
	ID, URL   string // "/announcements/ID"
	Text      RichText
	Event     string // when it is, in words; "" for none
	Over      bool
	Published When
	Edited    bool
	Dismissed bool
	Reactions []ReactionView
}

// ReactionView is an emoji with how many reacted by it.
type ReactionView struct {
	Name  string
	Count int
	Mine  bool
}

// Value is what its button posts as react: the emoji after + to react, after - to take that back.
func (r ReactionView) Value() string {
	if r.Mine {
		return "-" + r.Name
	}
	return "+" + r.Name
}

// AnnouncementsView is /announcements.
type AnnouncementsView struct {
	List  []AnnouncementView
	Pager Pager
}

// AnnouncementPageView is /announcements/ID. Its form posts text to /comments below it, and a comment's to
// /comments/COMMENT/remove.
type AnnouncementPageView struct {
	Announcement AnnouncementView
	Comments     []AnnouncementCommentView
	Count        int
	NewerURL     string // comments before these, or ""
	MoreURL      string // further comments, or ""
	Text         string
	Max          int
	// Waits says that what the viewer posts first waits for a moderator: a comment here would be refused.
	Waits  bool
	Errors FieldErrors
}

// AnnouncementCommentView is a comment on an announcement.
type AnnouncementCommentView struct {
	ID        string
	URL       string // "/announcements/ID/comments/COMMENT": a form posts to /remove, a link leads to /report
	Author    AccountView
	Text      RichText
	Created   When
	CanRemove bool
	Removal   bool // as an act of moderation: URL/remove asks why
	CanReport bool
}

// AdminAnnouncementRow is one announcement in a table.
type AdminAnnouncementRow struct {
	URL       string // "/admin/announcements/ID"
	Text      string // its beginning
	State     string // in words
	Published string // when members see it, or saw it first
	Event     string
}

// AnnouncementForm is what is typed: times as 2006-01-02T15:04, in UTC.
type AnnouncementForm struct {
	Text, Starts, Ends, Publish string
	AllDay                      bool
	Max                         int
	Published                   bool // so that the moment of publication is past
	HoldFirst                   int  // how many posts of a new member wait for a moderator
}

// AdminAnnouncementsView is /admin/announcements.
type AdminAnnouncementsView struct {
	Rows   []AdminAnnouncementRow
	Pager  Pager
	Form   AnnouncementForm
	Errors FieldErrors
}

// AdminAnnouncementView is /admin/announcements/ID. Forms post to it, to /end and to /delete.
type AdminAnnouncementView struct {
	ID     string
	State  string // in words
	Ends   bool   // it can be ended
	Public string // its page for members, or ""
	Form   AnnouncementForm
	Errors FieldErrors
}
