package community

import (
	"errors"
	"strings"
	"time"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// Errors that use cases return. Handlers map them to answers in one place.
var (
	ErrNotFound        = errors.New("not found")         // is not there, or not for this viewer
	ErrForbidden       = errors.New("not allowed")       // is there, but not this account's to do
	ErrUnauthenticated = errors.New("log in first")      // needs an account
	ErrClosed          = errors.New("sign-up is closed") // needs an invitation
	ErrTooLarge        = errors.New("too large")         // more bytes than the site takes
	ErrFull            = errors.New("no room left")      // the disk or the database is full
)

// FieldError is a mistake in one input. Field is the name of the form's field, "" for the whole form.
type FieldError struct {
	Field   string
	Code    string // short and stable: blank, taken, too_long, invalid, reserved, …
	Message string // a sentence for people, in English
	// Text is the sentence for a page in another language. Where it is empty, Message is the key.
	Text lang.Text
}

// Sentence is what is wrong, which waits to be said in a language.
func (f FieldError) Sentence() lang.Text {
	if f.Text.Key == "" {
		return lang.Text{Key: f.Message}
	}
	return f.Text
}

// Say is the sentence in a language.
func (f FieldError) Say(l *lang.Language) string { return l.Say(f.Sentence()) }

// Invalid is bad input. It lists every mistake at once.
type Invalid struct{ Fields []FieldError }

func (e *Invalid) Error() string {
	var s []string
	for _, f := range e.Fields {
		s = append(s, f.Message)
	}
	return strings.Join(s, " ")
}

// invalid is one mistake. The sentence is a key of package lang.
func invalid(field, code, sentence string, args ...any) *Invalid {
	e := new(Invalid)
	e.add(field, code, sentence, args...)
	return e
}

// add notes a mistake. The sentence is a key of package lang.
func (e *Invalid) add(field, code, sentence string, args ...any) {
	text := lang.Text{Key: sentence, Args: args}
	e.Fields = append(e.Fields, FieldError{Field: field, Code: code, Message: text.String(), Text: text})
}

// Say is what is wrong, in a language.
func (e *Invalid) Say(l *lang.Language) string {
	var s []string
	for _, f := range e.Fields {
		s = append(s, f.Say(l))
	}
	return strings.Join(s, " ")
}

// err is e if anything is wrong, else nil.
func (e *Invalid) err() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// TooMany says that a limit is reached and when to come back.
type TooMany struct{ RetryAfter time.Duration }

func (e *TooMany) Error() string { return "too many tries" }

// Unavailable says that a part of the site does not answer at the moment.
type Unavailable struct {
	RetryAfter time.Duration
	Err        error
}

func (e *Unavailable) Error() string { return "unavailable: " + e.Err.Error() }
func (e *Unavailable) Unwrap() error { return e.Err }

// fromStore maps errors of the store to those of use cases. Other errors pass unchanged.
func fromStore(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, store.ErrFull):
		return ErrFull
	case errors.Is(err, store.ErrBusy):
		return &Unavailable{RetryAfter: 5 * time.Second, Err: err}
	}
	return err
}

// ignoreNotFound is for what somebody else may have removed meanwhile.
func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
