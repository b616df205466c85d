package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	message    string
	retryAfter time.Duration
	fields     []fieldMessage
	body       any // the client API's own form of the error; nil elsewhere
}

// fieldMessage says what is wrong with one field of a form.
type fieldMessage struct{ Field, Code, Message string }

// HTTPError is an error of the HTTP layers themselves.
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
	awayText     = lang.Key("A part of the site does not answer at the moment. Please try again in a few seconds.")
	readOnlyText = lang.Key("The site can only be read for the moment. Nothing was stored; please try again in a minute.")
	fullText     = lang.Key("This site has no room left, so nothing was stored. The people who run it know from its log.")
)

// answerFor is the table from errors to answers.
func answerFor(err error) answer {
	for _, match := range errorTable {
		if a, ok := match(err); ok {
			return a
		}
	}
	return answer{status: http.StatusInternalServerError, message: brokenText}
}

// errorTable is asked from the top; what it does not know is a 500.
var errorTable = []func(error) (answer, bool){
	as(func(e *panicked) answer {
		return answer{status: http.StatusInternalServerError, message: brokenText}
	}),
	as(func(e *HTTPError) answer {
		return answer{status: e.Status, message: e.Message, retryAfter: e.RetryAfter}
	}),
	is(errSlowBody, answer{status: http.StatusRequestTimeout, message: lang.Key("The upload came too slowly and was ended. Try again.")}),
	as(func(e *api.Error) answer {
		return answer{status: e.Status, message: e.Message, retryAfter: e.RetryAfter, body: e.Body()}
	}),
	as(func(e *http.MaxBytesError) answer {
		return answer{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("That is too large. The limit is %d MB.", max(e.Limit/1_000_000, 1))}
	}),
	as(func(e *community.Invalid) answer {
		a := answer{status: http.StatusUnprocessableEntity, message: e.Error()}
		for _, f := range e.Fields {
			a.fields = append(a.fields, fieldMessage{f.Field, f.Code, f.Message})
		}
		return a
	}),
	as(func(e *community.TooMany) answer {
		return answer{status: http.StatusTooManyRequests, message: lang.Key("You did that too often. Please try again later."), retryAfter: max(e.RetryAfter, time.Second)}
	}),
	is(store.ErrPrimaryAway, answer{status: http.StatusServiceUnavailable, message: readOnlyText, retryAfter: 5 * time.Second}),
	as(func(e *community.Unavailable) answer {
		return answer{status: http.StatusServiceUnavailable, message: awayText, retryAfter: max(e.RetryAfter, time.Second)}
	}),
	is(community.ErrNotFound, answer{status: http.StatusNotFound, message: notFoundText}),
	is(community.ErrForbidden, answer{status: http.StatusForbidden, message: lang.Key("You may not do that.")}),
	is(community.ErrClosed, answer{status: http.StatusForbidden, message: lang.Key("This site takes new members by invitation only.")}),
	is(community.ErrUnauthenticated, answer{status: http.StatusUnauthorized, message: lang.Key("Please log in first.")}),
	is(community.ErrTooLarge, answer{status: http.StatusRequestEntityTooLarge, message: lang.Key("That is larger than this site takes.")}),
	is(community.ErrFull, answer{status: http.StatusInsufficientStorage, message: fullText}),
	is(store.ErrNotFound, answer{status: http.StatusNotFound, message: notFoundText}),
	is(store.ErrConflict, answer{status: http.StatusUnprocessableEntity, message: lang.Key("Something else changed this in the meantime. Please look again and repeat it.")}),
	is(store.ErrFull, answer{status: http.StatusInsufficientStorage, message: fullText}),
	is(store.ErrBusy, answer{status: http.StatusServiceUnavailable, message: awayText, retryAfter: 2 * time.Second}),
	is(session.ErrUnavailable, answer{status: http.StatusServiceUnavailable, message: awayText, retryAfter: 5 * time.Second}),
	is(media.ErrUnavailable, answer{status: http.StatusServiceUnavailable, message: awayText, retryAfter: 5 * time.Second}),
	is(media.ErrNoSpace, answer{status: http.StatusInsufficientStorage, message: fullText}),
	is(context.DeadlineExceeded, answer{status: http.StatusServiceUnavailable, message: lang.Key("That took too long. Please try again in a moment."), retryAfter: 5 * time.Second}),
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
