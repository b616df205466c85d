package e2e

import (
	"html"
	"regexp"
	"testing"
	"time"
)

// eventually waits for what a job does in the background.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	eventuallyWithin(t, time.Minute, what, ok)
}

func eventuallyWithin(t testing.TB, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// hidden are a form's hidden fields as name, value, ….
func hidden(p page) []string {
	var out []string
	for _, m := range hiddenField.FindAllStringSubmatch(p.body, -1) {
		out = append(out, html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return out
}
