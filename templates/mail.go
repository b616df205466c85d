package templates

// ForgotMailView is /forgot-password on a site that sends mail. It posts email.
type ForgotMailView struct {
	Email  string
	Sent   bool // the form was sent; whether there is such an account is not told
	Errors FieldErrors
}

// MailLinkView is /mail/TOKEN: the page of a link in a mail. Its form posts to Action, with password where Kind is "reset".
type MailLinkView struct {
	Action string
	Kind   string // verify, change, undo, reset, notices, digest
	Name   string // the account's
	Email  string // what is confirmed, or comes back
	Errors FieldErrors
}

// MailDoneView says what a link in a mail has done.
type MailDoneView struct {
	Title, Text       string
	LinkURL, LinkText string
}
