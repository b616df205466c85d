package templates

import (
	"strings"
	"time"

	"tintype/internal/lang"
)

// Assets returns the address of a static file by its name in static/, such as "app.css". static.Assets implements it.
type Assets interface{ URL(name string) string }

// Page is the part of the view that all pages share: the document's head, the viewer and the site.
type Page struct {
	Title       string // of this page, plain text; the site's name is added after it
	Description string // one sentence for search engines, plain text
	Canonical   string // absolute address, or ""
	NoIndex     bool   // keeps the page out of search engines
	OpenGraph   *OpenGraph
	AtomURL     string // a feed of this page, or ""
	OEmbedURL   string // what other sites embed of this page, or ""

	Lang   *lang.Language
	Viewer *Viewer // nil for a visitor
	Site   Site
	Assets Assets

	Path      string // path and query of this page: where log-in and actions return to
	RequestID string
	Flash     *Flash
	ReadOnly  bool   // the site takes no writes for the moment
	FormKey   string // makes a form that is sent twice make one thing; "" for a visitor
	Three     bool   // on a phone, grids are square cuts, three across

	ConfirmByPasskey bool // where the viewer's password is asked for again, a passkey will do
}

// english is the language of pages for whoever runs the site, as of the doctor and the documentation.
var english *lang.Language

// inEnglish is the page for parts of it that are in English for every reader.
func (p *Page) inEnglish() *Page {
	en := *p
	en.Lang = english
	return &en
}

// T is a text in the page's language; see lang.Language.T. A view's own texts come translated.
func (p *Page) T(key string, args ...any) string { return p.Lang.T(key, args...) }

// N is a text about n things; see lang.Language.N.
func (p *Page) N(one, many string, n int, args ...any) string { return p.Lang.N(one, many, n, args...) }

// Viewer is the member who reads.
type Viewer struct {
	Name           string // username, without @
	DisplayName    string
	AvatarURL      string // "" for the default
	Admin          bool
	Unread         int    // notifications not seen
	FollowRequests int    // waiting, for a locked account
	Reports        int    // waiting, for who reads them
	Undecided      int    // posts that are held, sign-ups and answers that wait, for who decides about them
	ConfirmEmail   string // the address that is still to be confirmed; "" for none
	Theme          string // "system", "light" or "dark"
	Letters        bool   // single-letter keyboard commands are on
}

// Site is what the operator configured.
type Site struct {
	Name             string
	Description      string // plain text
	Contact          string // an e-mail or a web address, or ""
	PictureURL       string // of the site's own picture, or ""
	PictureWidth     int
	PictureHeight    int
	RegistrationOpen bool // a form to sign up is there
	Approval         bool // who fills it in waits for a decision
	Closed           bool // nobody joins, not even by an invitation
	MembersOnly      bool // a visitor sees neither Explore nor search
	SourceURL        string
}

// ContactURL is where a link to the contact leads: the web address itself, or a new mail. "" without a contact.
func (s Site) ContactURL() string {
	if s.Contact == "" || strings.HasPrefix(s.Contact, "https://") || strings.HasPrefix(s.Contact, "http://") {
		return s.Contact
	}
	return "mailto:" + s.Contact
}

// OpenGraph is the preview of the page for sites that link to it. It must never hold a photo under a content warning,
// or one that not everybody may see.
type OpenGraph struct {
	Type        string // "website", "article" or "profile"
	Title       string
	Description string
	URL         string // absolute
	ImageURL    string // absolute, or ""
	ImageWidth  int
	ImageHeight int
	ImageAlt    string
}

// Flash is a sentence about what just happened, shown once.
type Flash struct {
	Text  string
	Alert bool // something failed
}

// RichText is HTML that is written to the page unescaped. It must come from community's renderer, which escapes the
// member's text before it adds links.
type RichText string

// When is a moment with its text for the reader. Without Text the date is written out ("21 Nov 2026").
type When struct {
	At   time.Time
	Text string // "3 h"; "" for the date
	// Spoken is what stands for Text where it is read out: "3 hours ago"; "" for the day.
	Spoken string
}

// FieldError is a mistake in one control of a form. Field is the control's name as its view documents it; "" means the
// form as a whole.
type FieldError struct {
	Field   string
	Message string // a sentence
}

// FieldErrors are the mistakes in a form, in the order of its controls.
type FieldErrors []FieldError

// For returns the sentence for a control, or "".
func (e FieldErrors) For(field string) string {
	for _, f := range e {
		if f.Field == field {
			return f.Message
		}
	}
	return ""
}

// Option is one choice of a select or of radio buttons.
type Option struct {
	Value string
	Label string
	Hint  string // further words, or ""
}

// AskView is a form that was sent, to be sent again by whoever is sure.
type AskView struct {
	Section, Question, Consequence, Button string
	Action, Back                           string
	Fields                                 []HiddenField
	Shown                                  []HiddenField // what was written, by what it is
}

// Pager links a list's pages. Empty addresses are not shown.
type Pager struct {
	OlderURL string
	NewerURL string
	// FirstURL is the list's beginning where this page lies past one of its ends, and so holds nothing.
	FirstURL string
	Before   bool // past the newest, not past the oldest
	// AllHidden is that the member's filters hide whatever the page has.
	AllHidden bool
}

// explains reports whether ended says why the page shows nothing, although the list has something.
func (v Pager) explains() bool { return v.FirstURL != "" || v.AllHidden }

func (v Pager) hiddenWords(p *Page) string {
	if v.NewerURL != "" && v.OlderURL == "" { // a script puts it below the pages before
		return p.T("Your filters hide what is left.")
	}
	return p.T("Your filters hide everything on this page.")
}

func (v Pager) endWords(p *Page) string {
	if v.Before {
		return p.T("This is the end: there is nothing newer.")
	}
	return p.T("This is the end: there is nothing older.")
}
