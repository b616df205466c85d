package main

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// What people would read in English is found in the code of pages and use cases, and what is said by the catalogue is not.
func TestWhatIsSaidPastTheCatalogueIsFound(t *testing.T) {
	for _, c := range []struct{ path, code, found string }{
		{"internal/web/pages/x.go", `v.Text = "Filtered: " + title`, "Filtered"},
		{"internal/web/pages/x.go", `v.Text = l.T("Filtered: %s", title)`, ""},
		{"internal/web/pages/x.go", `v.Error = wrong.Fields[0].Message`, "Say"},
		{"internal/web/pages/x.go", `v.Error = wrong.Fields[0].Say(l)`, ""},
		{"internal/web/pages/x.go", `v.Day = at.Format("2 Jan 2006")`, "months"},
		{"internal/web/pages/x.go", `v.Day = l.Date(at, "2 Jan 2006")`, ""},
		{"internal/web/pages/x.go", `m := map[string]any{"name": "Notifications", "url": "/notifications"}`, "Notifications"},
		{"internal/web/pages/x.go", `m := map[string]string{"legal": "Against the law"}`, "Against"},
		{"internal/web/pages/x.go", `m := map[string]string{"legal": lang.Key("Against the law")}`, ""},
		{"internal/web/pages/x.go", `err := unprocessable(words)`, "unprocessable"},
		{"internal/web/pages/x.go", `err := unprocessable(lang.Key("Not that."))`, ""},
		{"internal/web/pages/x.go", `err := fmt.Errorf("read the form: %w", err)`, ""},
		{"internal/web/pages/x.go", `kind := c.GetHeader("Accept")`, ""},
		{"internal/community/x.go", `err := errImport(fmt.Sprintf("An import may have at most %d files.", n))`, "errImport"},
		{"internal/community/x.go", `err := errImport("An import may have at most %d files.", n)`, ""},
		{"internal/community/x.go", `checkLength(bad, "keyword", what, word, 5)`, "checkLength"},
		{"internal/community/x.go", `checkLength(bad, "keyword", lang.Key("A keyword"), word, 5)`, ""},
		{"internal/community/x.go", `bad.add("caption", "blank", "Write "+what)`, "add"},
		{"internal/community/x.go", `bad.add("caption", "blank", "Write something first.")`, ""},
		{"internal/community/x.go", `seen.add(id)`, ""},
		{"internal/web/x.go", `err := &HTTPError{Status: 503, Message: "The site is busy."}`, "Message"},
		{"internal/web/x.go", `err := &HTTPError{Status: 413, Message: fmt.Sprintf("%d MB", n)}`, "Message"},
		{"internal/web/x.go", `err := &HTTPError{Status: 503, Message: lang.Key("The site is busy.")}`, ""},
		{"internal/web/x.go", `a := saying(text)`, "saying"},
		{"internal/web/x.go", `a := saying(busyText)`, ""},
		{"internal/web/api/x.go", `err := &Error{Status: 422, Message: "Not that"}`, ""}, // clients read English
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, c.path, "package x\nfunc f() {\n"+c.code+"\n}\n", parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("%s: %v", c.code, err)
		}
		found := strings.Join(pastCatalogue("../../"+c.path, fset, file), "; ")
		if (found == "") != (c.found == "") || !strings.Contains(found, c.found) {
			t.Errorf("%s in %s: %q, want %q", c.code, c.path, found, c.found)
		}
	}
}

// The words of checkLength are in the catalogue as those of every other call are.
func TestWordsOfCallsAreKeys(t *testing.T) {
	said, err := extract("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"A keyword", "The content warning", "An import may have at most %d files.", "This application is not known here. Connect it again.", "That is too large. The limit is %d MB."} {
		if said.texts[key] == "" {
			t.Errorf("%q is not found", key)
		}
	}
}
