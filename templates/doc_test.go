package templates_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The package's comment names each page and what it takes, and no other.
func TestDocNamesThePages(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.templ")
	if err != nil {
		t.Fatal(err)
	}
	takes := map[string]string{} // the types after the page
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^templ (\w+)\(p \*Page(?:, \w+ ([^,)]+))?`).FindAllStringSubmatch(string(source), -1) {
			takes[m[1]] = m[2]
		}
	}
	if len(takes) < 100 {
		t.Fatalf("only %d components were found", len(takes))
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`\b([A-Z]\w+Page)\b(?:\(p\b(?:, ([^,)]+))?)?|\b([A-Z]\w+)\(p\b(?:, ([^,)]+))?`).FindAllStringSubmatch(string(doc), -1) {
		name, view := m[1]+m[3], m[2]+m[4]
		named[name] = true
		if known, ok := takes[name]; !ok {
			t.Errorf("doc.go names %s, which is no component", name)
		} else if whole := strings.Contains(m[0], "(") && !strings.Contains(view, "…"); whole && view != known {
			t.Errorf("doc.go says that %s takes %q, and it takes %q", name, view, known)
		}
	}
	for name := range takes {
		if strings.HasSuffix(name, "Page") && name != "settingsPage" && !named[name] {
			t.Errorf("doc.go does not name %s", name)
		}
	}
}
