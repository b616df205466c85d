package web

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"tintype/internal/hostname"
	"tintype/internal/lang"
)

// ErrorPage renders an error as a page. say is a sentence for people in a language; the
// status and the headers are already decided, and the function writes both.
type ErrorPage func(w http.ResponseWriter, r *http.Request, status int, say func(*lang.Language) string, requestID string)

// An ErrorResponder is the one place where errors become answers.
type ErrorResponder struct {
	log *slog.Logger
	// page is set once the site is wired, while requests may already come in.
	page     atomic.Pointer[ErrorPage]
	language atomic.Pointer[func(*http.Request) *lang.Language]
}

// languageOf is what whoever asks reads: English until the site is wired.
func (e *ErrorResponder) languageOf(r *http.Request) *lang.Language {
	if of := e.language.Load(); of != nil {
		return (*of)(r)
	}
	return nil
}

// Write answers with an error. Unexpected errors are logged in full. The reader
// sees only the request's id.
func (e *ErrorResponder) Write(w http.ResponseWriter, r *http.Request, err error) {
	info := infoOf(r.Context())
	info.failure = err
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		// Whoever asked is gone. The status is for the log alone.
		w.WriteHeader(statusClientGone)
		return
	}
	a := answerFor(err)
	switch a.status {
	case http.StatusInternalServerError, http.StatusInsufficientStorage:
		e.log.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.String("error", err.Error()), slog.String("path", info.path))
		info.failure = nil // said once is enough
	}
	if held, ok := w.(*bufferedResponse); ok {
		held.drop()
	}
	if started(w) {
		// Half an answer is out: cutting it off is the only honest sign left.
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Disposition", "ETag", "Last-Modified", "Link"} {
		h.Del(name) // of the answer that did not come about
	}
	h.Set("Cache-Control", PersonalControl)
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(a.retryAfter.Seconds()))))
	}
	switch {
	case isMachinePath(r.URL.Path):
		writeErrorJSON(w, a, nil, IsTokenPath(r.URL.Path))
	case wantsJSON(r): // whose script shows it
		writeErrorJSON(w, a, e.languageOf(r), IsTokenPath(r.URL.Path))
	case a.status == http.StatusUnauthorized:
		http.Redirect(w, r, "/login?return="+url.QueryEscape(wayBack(r)), http.StatusSeeOther)
	default:
		page := ErrorPage(plainErrorPage)
		if p := e.page.Load(); p != nil {
			page = *p
		}
		page(w, r, a.status, a.say, info.id)
	}
}

// statusClientGone is nginx's number for "the client closed the connection".
const statusClientGone = 499

// started reports whether the header has gone out.
func started(w http.ResponseWriter) bool {
	for {
		switch outer := w.(type) {
		case *response:
			return outer.status != 0
		case *bufferedResponse:
			if outer.passed {
				return true
			}
			w = outer.Unwrap()
		case *compressor:
			if outer.begun() {
				return true
			}
			w = outer.Unwrap()
		case interface{ Unwrap() http.ResponseWriter }:
			w = outer.Unwrap()
		default:
			return false
		}
	}
}

// wantsJSON is how the pages' own scripts ask.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// wayBack is the page to return to after the log-in: what was asked for, or the
// page that held the form.
func wayBack(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return localPath(r.URL)
	}
	if from, err := url.Parse(r.Referer()); err == nil && hostname.Same(from.Host, r.Host, from.Scheme) {
		return localPath(from)
	}
	return "/"
}

// localPath writes an address as a path of this site. A path that begins with
// two slashes would name another host.
func localPath(u *url.URL) string {
	local := url.URL{Path: "/" + strings.TrimLeft(u.Path, "/\\"), RawQuery: u.RawQuery}
	return local.String()
}

func writeErrorJSON(w http.ResponseWriter, a answer, l *lang.Language, token bool) {
	if a.body != nil {
		sendErrorJSON(w, a.status, a.body)
		return
	}
	body := map[string]any{"error": a.say(l)}
	if token && a.status == http.StatusNotFound {
		body["error"] = "Record not found"
	}
	if len(a.fields) > 0 {
		details := make(map[string][]map[string]string)
		for _, f := range a.fields {
			details[f.Field] = append(details[f.Field], map[string]string{"error": apiCode(f.Code), "description": f.Say(l)})
		}
		body["details"] = details
		if token {
			body["error"] = "Validation failed: " + a.say(l)
		}
	}
	sendErrorJSON(w, a.status, body)
}

func sendErrorJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // strings always can be
		data = []byte(`{"error":"` + brokenText + `"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// apiCode writes a code as clients of the API know it: ERR_BLANK, ERR_TAKEN.
func apiCode(code string) string {
	if code == "" {
		code = "invalid"
	}
	return "ERR_" + strings.ToUpper(code)
}

var plainError = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Status}}</title>
<h1>{{.Status}}</h1><p>{{.Message}}</p><p>Request {{.ID}}</p>
`))

// plainErrorPage needs nothing of the site, for errors that come before it.
func plainErrorPage(w http.ResponseWriter, _ *http.Request, status int, say func(*lang.Language) string, requestID string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = plainError.Execute(w, struct {
		Status      int
		Message, ID string
	}{status, say(nil), requestID})
}
