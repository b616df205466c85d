package templates

import "slices"

// InvitationRow is one invitation.
type InvitationRow struct {
	ID      string
	URL     string // "/admin/invitations/ID"
	Note    string
	Email   string // whom it was sent to, or ""
	Role    string // in words, what whoever joins becomes; "" for a member
	Uses    int
	MaxUses int    // 0: no limit
	Ends    When   // zero: never
	State   string // "works", "used", "over" or "ended"
	// MailFailed is when the mail to Email failed; zero where it did not.
	MailFailed When
	Creator    string // a username, or "" for the command line
	Created    When
}

func (r InvitationRow) name(p *Page) string {
	switch {
	case r.Note != "":
		return r.Note
	case r.Email != "":
		return r.Email
	}
	return p.T("Without a note")
}

func (r InvitationRow) state(p *Page) string {
	switch r.State {
	case "used":
		return p.T("Used up")
	case "over":
		return p.T("Expired")
	case "ended":
		return p.T("Ended")
	}
	if !r.MailFailed.At.IsZero() {
		return p.T("Works, but its mail did not arrive")
	}
	return p.T("Works")
}

func (r InvitationRow) used(p *Page) string {
	if r.MaxUses == 0 {
		return p.Lang.Number(r.Uses)
	}
	return p.T("%d of %d", r.Uses, r.MaxUses)
}

// AdminInvitationsView is /admin/invitations. One form posts note, uses, days and role there, the other addresses and
// mail_note to /admin/invitations/mail.
type AdminInvitationsView struct {
	Rows   []InvitationRow
	Pager  Pager
	Closed bool // nobody may join at the moment
	Mails  bool // the site sends mail

	Note, Uses, Days, Role string
	Roles                  []Option

	Addresses, MailNote string
	Mailed              *MailedView
	Errors              FieldErrors
}

// MailedView is what became of addresses. A text that is not an address stands in the form again.
type MailedView struct {
	Invited int
	Wrong   []string
	Members []string
	Blocked []string
	Already []string // they have an invitation that still works
}

// AdminInvitationView is /admin/invitations/ID; its form posts to /admin/invitations/ID/end.
type AdminInvitationView struct {
	Row  InvitationRow
	Link string // where one joins by it, or ""
	Card string // "/admin/invitations/ID/card", or ""
	Once bool   // Link is shown once
	Came []AccountView
	// FirstSteps points at the page of first steps, which nobody has closed.
	FirstSteps bool
}

// InvitationCardView is the card of an invitation, to print.
type InvitationCardView struct {
	Link string
	QR   string // what to draw in a square of Size modules, as the path of an SVG
	Size int
	Ends When // zero: never
	Back string
}

// WaitingRow is somebody who asked to join. Its forms post words to /admin/waiting/NAME/approve and …/refuse.
type WaitingRow struct {
	Name, DisplayName, Email, Reason string
	Asked                            When
	Unreached                        bool // mail to the address failed
}

// AdminWaitingView is /admin/waiting.
type AdminWaitingView struct {
	Rows    []WaitingRow
	All     int
	System  bool // the viewer may see status, jobs and moves
	NextURL string
	// After is where the page begins, and FirstURL leads to the first; both "" on that.
	After, FirstURL string
	Mails           bool   // whoever is decided about hears of it by mail
	About           string // the name whose form was refused
	Words           string // typed there
	Errors          FieldErrors
}

// words are those that were typed about somebody.
func (v AdminWaitingView) words(name string) string {
	if name == v.About {
		return v.Words
	}
	return ""
}

// lost are the words that were typed about somebody who waits no longer.
func (v AdminWaitingView) lost() string {
	if slices.ContainsFunc(v.Rows, func(r WaitingRow) bool { return r.Name == v.About }) {
		return ""
	}
	return v.Words
}
