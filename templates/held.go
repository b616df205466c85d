package templates

import "slices"

// HeldView is a post or comment that waits for a moderator, or was rejected.
type HeldView struct {
	ID         string
	Author     AccountView
	Created    When
	Caption    RichText
	Warning    string
	Visibility string
	Comment    bool
	ParentURL  string // of what a comment answers, or ""
	Photos     []PhotoView
	Why        []string // sentences
	Rejected   bool
	Words      string // of who rejected it
	// The reader may decide: not about one's own, nor against somebody above.
	MayApprove, MayReject bool
}

// OwnHeldView is /held. Its forms post to /held/ID/withdraw.
type OwnHeldView struct {
	Posts []HeldView
}

// AdminHeldView is /admin/held. Its forms post to /admin/held/ID/approve, and words to /admin/held/ID/reject.
type AdminHeldView struct {
	Posts  []HeldView
	Pager  Pager
	System bool
	About  string // the id whose form was refused
	Words  string // typed there
	Errors FieldErrors
}

func (v AdminHeldView) words(id string) string {
	if id == v.About {
		return v.Words
	}
	return ""
}

// lost are the words that were typed about a post that waits no longer.
func (v AdminHeldView) lost() string {
	if slices.ContainsFunc(v.Posts, func(h HeldView) bool { return h.ID == v.About }) {
		return ""
	}
	return v.Words
}

// heldSource is the address of a variant that is large enough to judge by.
func heldSource(ph PhotoView) string {
	url := ""
	for _, s := range ph.Sources {
		if url == "" || s.Width <= 1000 {
			url = s.URL
		}
	}
	return url
}
