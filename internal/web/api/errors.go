package api

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"tintype/internal/community"
)

// An Error is an error of the API that clients know. Handlers return no other error on purpose. One that is neither an
// *Error nor known to apiError goes to the site's error responder, which answers only that something broke.
type Error struct {
	Status      int
	Message     string // "error" in the answer
	Description string // "error_description", which OAuth has
	RetryAfter  time.Duration
	// Details are what is wrong with each input of a sign-up.
	Details map[string][]Detail
	cause   error
}

// Detail is one thing wrong with one input.
type Detail struct {
	Code        string `json:"error"` // ERR_BLANK, ERR_TAKEN, …
	Description string `json:"description"`
}

func (e *Error) Error() string {
	s := e.Message
	if e.Description != "" {
		s += ": " + e.Description
	}
	if e.cause != nil {
		s += " (" + e.cause.Error() + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.cause }

// Body is the answer's JSON.
func (e *Error) Body() any {
	return errorBody{e.Message, e.Description, e.Details}
}

type errorBody struct {
	Error       string              `json:"error"`
	Description string              `json:"error_description,omitempty"`
	Details     map[string][]Detail `json:"details,omitempty"`
}

const validationFailed = "Validation failed: "

// Errors of several endpoints.
var (
	errNoToken    = &Error{Status: http.StatusUnauthorized, Message: "The access token is invalid"}
	errNeedsUser  = &Error{Status: http.StatusUnprocessableEntity, Message: "This method requires an authenticated user"}
	errScope      = &Error{Status: http.StatusForbidden, Message: "This action is outside the authorized scopes"}
	errNotFound   = &Error{Status: http.StatusNotFound, Message: "Record not found"}
	errTooManyIDs = invalid("Too many ids at once")
)

// invalid is a 422 with a sentence in Mastodon's form.
func invalid(sentence string) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Message: validationFailed + sentence}
}

// apiError maps the errors of use cases to those of the API. Unknown errors are returned as they are.
func apiError(err error) error {
	var (
		own         *Error
		bad         *community.Invalid
		tooMany     *community.TooMany
		unavailable *community.Unavailable
		oauth       *community.OAuthError
		tooLarge    *http.MaxBytesError
	)
	switch {
	case err == nil, errors.As(err, &own), errors.As(err, &tooLarge):
		return err // the latter is the error responder's, however it was wrapped on its way
	case errors.As(err, &bad):
		return &Error{Status: http.StatusUnprocessableEntity, Message: sentence(bad), Details: details(bad), cause: err}
	case errors.As(err, &tooMany):
		return &Error{Status: http.StatusTooManyRequests, Message: "Too many requests", RetryAfter: tooMany.RetryAfter, cause: err}
	case errors.As(err, &unavailable):
		return &Error{Status: http.StatusServiceUnavailable, Message: "The site cannot do this for the moment. Please try again soon.", RetryAfter: unavailable.RetryAfter, cause: err}
	case errors.As(err, &oauth):
		status := http.StatusBadRequest
		if oauth.Code == "invalid_client" {
			status = http.StatusUnauthorized
		}
		return &Error{Status: status, Message: oauth.Code, Description: oauth.Description, cause: err}
	}
	for _, known := range []struct {
		err     error
		status  int
		message string
	}{
		{community.ErrNotFound, http.StatusNotFound, "Record not found"},
		{community.ErrForbidden, http.StatusForbidden, "This action is not allowed"},
		{community.ErrUnauthenticated, http.StatusUnauthorized, "The access token is invalid"},
		{community.ErrClosed, http.StatusForbidden, "Sign-up is closed on this site"},
		{community.ErrTooLarge, http.StatusRequestEntityTooLarge, validationFailed + "File is too large"},
		{community.ErrFull, http.StatusInsufficientStorage, "The site has no room left"},
	} {
		if errors.Is(err, known.err) {
			return &Error{Status: known.status, Message: known.message, cause: err}
		}
	}
	return err
}

// clientWords are what clients are told where the sentence for people speaks of a form: by field and code.
var clientWords = map[[2]string]string{
	{"idempotency_key", "reused"}: "Idempotency-Key: it was sent before, with other content",
	{"visibility", "invalid"}:     "Visibility is public, unlisted or private",
	{"caption", "blank"}:          "Text can't be blank",
	{"username", "blank"}:         "Username can't be blank",
	{"email", "blank"}:            "Email can't be blank",
	{"password", "blank"}:         "Password can't be blank",
}

func words(f community.FieldError) string {
	if own, ok := clientWords[[2]string{f.Field, f.Code}]; ok {
		return own
	}
	return f.Message
}

func sentence(bad *community.Invalid) string {
	parts := make([]string, len(bad.Fields))
	for i, f := range bad.Fields {
		parts[i] = strings.TrimSuffix(words(f), ".")
	}
	return validationFailed + strings.Join(parts, ", ")
}

// details lists each input with its mistake. Clients know Mastodon's codes; the codes of this site have the same names.
func details(bad *community.Invalid) map[string][]Detail {
	all := make(map[string][]Detail, len(bad.Fields))
	for _, f := range bad.Fields {
		if f.Field == "" {
			continue
		}
		all[f.Field] = append(all[f.Field], Detail{Code: "ERR_" + strings.ToUpper(f.Code), Description: words(f)})
	}
	return all
}
