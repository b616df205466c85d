package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/web/api"
)

// answer is what a reader gets for an error.
type answer struct {
	status     int
	sentences  []lang.Text // for people
	retryAfter time.Duration
	fields     []community.FieldError // what is wrong with which field of a form
	body       any                    // the client API's own form of the error; nil elsewhere
}

// say is what went wrong, in a language.
func (a answer) say(l *lang.Language) string {
	said := make([]string, len(a.sentences))
	for i, s := range a.sentences {
		said[i] = l.Say(s)
	}
	return strings.Join(said, " ")
}

// saying is one sentence that waits to be said in a language. Its key is a text of package lang.
func saying(key string, args ...any) []lang.Text { return []lang.Text{{Key: key, Args: args}} }

// HTTPError is an error of the HTTP layers themselves. Its message is a text of package lang.
type HTTPError struct {
	Status     int
	Message    string
	RetryAfter time.Duration
	Cause      error
}

func (e *HTTPError) Error() string {
	if e.Cause != nil {
		return e.Message + " (" + e.Cause.Error() + ")"
	}
	return e.Message
}

func (e *HTTPError) Unwrap() error { return e.Cause }

var (
	notFoundText = lang.Key("There is nothing here, or nothing that you may see.")
	brokenText   = lang.Key("Something went wrong on our side.")
	awayText     = lang.Key("Part of the site is not answering at the moment. Please try again in a few seconds.")
	readOnlyText = lang.Key("The site is read-only for the moment. Nothing was saved; please try again in a minute.")
	fullText     = lang.Key("This site has no room left, so nothing was stored. The people who run it know from its log.")
)

// answerFor is the table from errors to answers.
func answerFor(err error) answer {
	for _, match := range errorTable {
		if a, ok := match(err); ok {
			return a
		}
	}
	return answer{status: http.StatusInternalServerError, sentences: saying(brokenText)}
}

// errorTable is asked from the top; what it does not know is a 500.
var errorTable = []func(error) (answer, bool){
	as(func(e *panicked) answer {
		return answer{status: http.StatusInternalServerError, sentences: saying(brokenText)}
	}),
	as(func(e *HTTPError) answer {
		return answer{status: e.Status, sentences: saying(e.Message), retryAfter: e.RetryAfter}
	}),
	is(errSlowBody, answer{status: http.StatusRequestTimeout, sentences: saying(lang.Key("The upload arrived too slowly and was stopped. Try again."))}),
	as(func(e *api.Error) answer {
		return answer{status: e.Status, sentences: saying(e.Message), retryAfter: e.RetryAfter, body: e.Body()}
	}),
	as(func(e *http.MaxBytesError) answer {
		return answer{status: http.StatusRequestEntityTooLarge, sentences: saying(lang.Key("That is too large. The limit is %d MB."), max(e.Limit/1_000_000, 1))}
	}),
	as(func(e *community.Invalid) answer {
		a := answer{status: http.StatusUnprocessableEntity, fields: e.Fields}
		for _, f := range e.Fields {
			a.sentences = append(a.sentences, f.Sentence())
		}
		return a
	}),
	as(func(e *community.TooMany) answer {
		return answer{status: http.StatusTooManyRequests, sentences: saying(lang.Key("You did that too often. Please try again later.")), retryAfter: max(e.RetryAfter, time.Second)}
	}),
	is(store.ErrPrimaryAway, answer{status: http.StatusServiceUnavailable, sentences: saying(readOnlyText), retryAfter: 5 * time.Second}),
	as(func(e *community.Unavailable) answer {
		return answer{status: http.StatusServiceUnavailable, sentences: saying(awayText), retryAfter: max(e.RetryAfter, time.Second)}
	}),
	is(community.ErrNotFound, answer{status: http.StatusNotFound, sentences: saying(notFoundText)}),
	is(community.ErrForbidden, answer{status: http.StatusForbidden, sentences: saying(lang.Key("You may not do that."))}),
	is(community.ErrClosed, answer{status: http.StatusForbidden, sentences: saying(lang.Key("This site takes new members by invitation only."))}),
	is(community.ErrUnauthenticated, answer{status: http.StatusUnauthorized, sentences: saying(lang.Key("Please log in first."))}),
	is(community.ErrTooLarge, answer{status: http.StatusRequestEntityTooLarge, sentences: saying(lang.Key("That is larger than this site accepts."))}),
	is(community.ErrFull, answer{status: http.StatusInsufficientStorage, sentences: saying(fullText)}),
	is(store.ErrNotFound, answer{status: http.StatusNotFound, sentences: saying(notFoundText)}),
	is(store.ErrConflict, answer{status: http.StatusUnprocessableEntity, sentences: saying(lang.Key("Something else changed this in the meantime. Please look at it and try again."))}),
	is(store.ErrFull, answer{status: http.StatusInsufficientStorage, sentences: saying(fullText)}),
	is(store.ErrBusy, answer{status: http.StatusServiceUnavailable, sentences: saying(awayText), retryAfter: 2 * time.Second}),
	is(session.ErrUnavailable, answer{status: http.StatusServiceUnavailable, sentences: saying(awayText), retryAfter: 5 * time.Second}),
	is(media.ErrUnavailable, answer{status: http.StatusServiceUnavailable, sentences: saying(awayText), retryAfter: 5 * time.Second}),
	is(media.ErrNoSpace, answer{status: http.StatusInsufficientStorage, sentences: saying(fullText)}),
	is(context.DeadlineExceeded, answer{status: http.StatusServiceUnavailable, sentences: saying(lang.Key("That took too long. Please try again in a moment.")), retryAfter: 5 * time.Second}),
}

// is matches one error by errors.Is.
func is(target error, a answer) func(error) (answer, bool) {
	return func(err error) (answer, bool) { return a, errors.Is(err, target) }
}

// as matches errors of one type by errors.As.
func as[E error](f func(E) answer) func(error) (answer, bool) {
	return func(err error) (answer, bool) {
		var target E
		if !errors.As(err, &target) {
			return answer{}, false
		}
		return f(target), true
	}
}
