package templates

// LoginView is /login. It posts name, password, return and the carried fields.
type LoginView struct {
	Name     string
	Return   string
	Passkeys bool          // browsers make passkeys for this site
	Notice   string        // why one is here: "Log in to like this photograph."
	Carried  []HiddenField // the form that log-in interrupted
	Errors   FieldErrors
}

// SignupView is /signup. It posts name, email, password, agree ("on") and return.
type SignupView struct {
	Name   string
	Email  string
	Agree  bool
	Reason string // posted where the site asks for one
	Return string
	Rules  []string // what one agrees to; may be empty
	Errors FieldErrors
}

// LinkView is /links/TOKEN: a one-time link that chooses a password, or finishes an invited sign up.
// It posts name and email where Invite, and password.
type LinkView struct {
	Action string // "/links/TOKEN"
	Invite bool
	Name   string // the account; what was entered where Invite
	Email  string
	Fixed  bool // an invitation whose name is already chosen
	Rules  []string
	Errors FieldErrors
}

// LinkOverView is a link that works no more, and why: "used", "ended", "over", "closed", "claimed" or "unknown".
type LinkOverView struct{ Why string }

// ClaimView is /claim/TOKEN: the first administrator. It posts name, email and password.
type ClaimView struct {
	Action string
	Name   string
	Email  string
	Errors FieldErrors
}

// AuthorizeView is /oauth/authorize. It posts decision ("allow" or "refuse") and the hidden fields to Action.
type AuthorizeView struct {
	Action     string
	AppName    string
	AppWebsite string // "" or an http(s) address
	RedirectTo string // the host that receives the answer; "" for out of band
	Scopes     []string
	Hidden     []HiddenField
}

// HiddenField is carried through a form.
type HiddenField struct{ Name, Value string }

// AuthorizeCodeView shows the code of the out-of-band flow.
type AuthorizeCodeView struct {
	AppName string
	Code    string
}

// ConfirmView asks to confirm an act that log-in interrupted: a POST form with the fields as they were.
type ConfirmView struct {
	Action   string
	Question string // "Like this photograph by Ada?"
	Text     string // what was written, if anything
	Verb     string // on the button: "Like"
	Fields   []HiddenField
	Cancel   string // where to go instead
}

// ErrorView is an error's page. The empty sentence, link and title are filled in for the known statuses.
type ErrorView struct {
	Status   int // 403, 404, 413, 422, 429, 500, 503
	Sentence string
	LinkURL  string // the one way on
	LinkText string
	Beside   bool // the link opens beside the page, which keeps what was entered

	// What was entered in a refused form, to be sent again to Action; empty where there is none.
	Action string
	Text   string // what was written, if anything
	Fields []HiddenField
}
