package servertest

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An Answer is read to its end. Without an answer the status is 0, and Err says
// why.
type Answer struct {
	Status int
	URL    *url.URL // after redirects
	Header http.Header
	Body   string
	Err    error

	t testing.TB
}

// Want fails the test unless the answer has that status.
func (a Answer) Want(status int) Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s answered %d, want %d (%v):\n%s", a.URL, a.Status, status, a.Err, a.Text())
	}
	return a
}

// Holds tells whether the body holds all the parts.
func (a Answer) Holds(parts ...string) bool {
	return !slices.ContainsFunc(parts, func(s string) bool { return !strings.Contains(a.Body, s) })
}

// HoldsAny tells whether the body holds one of the parts.
func (a Answer) HoldsAny(parts ...string) bool {
	return slices.ContainsFunc(parts, func(s string) bool { return strings.Contains(a.Body, s) })
}

// Has demands parts of the body.
func (a Answer) Has(parts ...string) Answer {
	a.t.Helper()
	for _, s := range parts {
		if !a.Holds(s) {
			a.t.Errorf("%s does not hold %q:\n%s", a.URL, s, a.Text())
		}
	}
	return a
}

// Lacks demands that the body does not hold the parts.
func (a Answer) Lacks(parts ...string) Answer {
	a.t.Helper()
	for _, s := range parts {
		if a.Holds(s) {
			a.t.Errorf("%s holds %q, which it must not", a.URL, s)
		}
	}
	return a
}

// Into reads JSON, which a good answer has.
func (a Answer) Into(v any) {
	a.t.Helper()
	a.Want(http.StatusOK)
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		a.t.Fatalf("%s: %v: %s", a.URL, err, a.Body)
	}
}

// ID is the id in the API's answer; "" if there is none.
func (a Answer) ID() string {
	var v struct{ ID string }
	_ = json.Unmarshal([]byte(a.Body), &v)
	return v.ID
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style|svg).*?</(script|style|svg)>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// Text is the page's words, for messages.
func (a Answer) Text() string {
	s := strings.TrimSpace(spaces.ReplaceAllString(tags.ReplaceAllString(a.Body, " "), " "))
	if len(s) > 600 {
		s = s[:600] + "…"
	}
	return s
}

// photoURL is the address of a variant, and the key in it.
var photoURL = regexp.MustCompile(`(?:https?://[^"\s,]*)?(?:/media)?/((?:pub|priv)/[0-9a-f]{32}/[a-z0-9]+\.jpg)(?:\?[^"\s,]*)?`)

// Photos are the addresses of photos on the page, each once.
func (a Answer) Photos() []string {
	var out []string
	for _, u := range photoURL.FindAllString(strings.ReplaceAll(a.Body, "&amp;", "&"), -1) {
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// PhotosByKey are the addresses of photos on the page by their keys. One at least
// has to be there.
func (a Answer) PhotosByKey() map[string]string {
	a.t.Helper()
	found := map[string]string{}
	for _, u := range a.Photos() {
		key := photoURL.FindStringSubmatch(u)[1]
		if found[key] == "" || strings.Contains(u, "?") {
			found[key] = u
		}
	}
	if len(found) == 0 {
		a.t.Fatalf("no photo on %s:\n%s", a.URL, a.Text())
	}
	return found
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// Hidden are the hidden fields of the page's forms as name, value, …
func (a Answer) Hidden() []string {
	var out []string
	for _, m := range hiddenField.FindAllStringSubmatch(a.Body, -1) {
		out = append(out, html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return out
}

var keyField = regexp.MustCompile(`name="idempotency_key" value="([^"]+)"`)

// Key is the idempotency key of the page's form. It fails the test if there is none.
func (a Answer) Key() string {
	a.t.Helper()
	m := keyField.FindStringSubmatch(a.Body)
	if m == nil {
		a.t.Fatalf("%s has no idempotency key:\n%s", a.URL, a.Text())
	}
	return m[1]
}
