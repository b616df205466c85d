package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
)

func TestAddressesFollowContent(t *testing.T) {
	tree := func(dom string) fstest.MapFS {
		return fstest.MapFS{
			"app-one.js": {Data: []byte(`import { a } from './dom.js';`)},
			"dom.js":     {Data: []byte(dom)},
			"icons.svg":  {Data: []byte("<svg/>")},
			"css/2.css":  {Data: []byte("b{}")},
			"css/1.css":  {Data: []byte("a{}")},
		}
	}
	one, err := load(tree("export const a = 1;"), "https://cdn.example/")
	if err != nil {
		t.Fatal(err)
	}
	two, err := load(tree("export const a = 2;"), "")
	if err != nil {
		t.Fatal(err)
	}
	if one.Path("app-one.js") == two.Path("app-one.js") {
		t.Error("a script keeps its address although what it imports has changed")
	}
	if !strings.HasPrefix(one.URL("app.css"), "https://cdn.example/static/app.") {
		t.Errorf("the stylesheet is at %s", one.URL("app.css"))
	}
	if !strings.HasPrefix(one.URL("icons.svg"), "/static/icons.") {
		t.Errorf("the sprite left this site: %s", one.URL("icons.svg"))
	}
	script, known := one.Lookup(one.Path("app-one.js"))
	if !known {
		t.Fatal("the script is not at its own address")
	}
	dom := strings.TrimPrefix(one.Path("dom.js"), "/static/")
	if !strings.Contains(string(script.Body), "'./"+dom+"'") {
		t.Errorf("the script imports %s, want ./%s", script.Body, dom)
	}
	if sheet, _ := one.Lookup("app.css"); string(sheet.Body) != "a{}b{}" {
		t.Errorf("the stylesheet is %q", sheet.Body)
	}
}

func TestScriptsThatCannotBeJoined(t *testing.T) {
	for name, tree := range map[string]fstest.MapFS{
		"missing": {"a.js": {Data: []byte(`import './b.js';`)}},
		"circle":  {"a.js": {Data: []byte(`import './b.js';`)}, "b.js": {Data: []byte(`import './a.js';`)}},
		"unknown": {"a.exe": {Data: []byte(`MZ`)}},
	} {
		if _, err := load(tree, ""); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLookup(t *testing.T) {
	a, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		name  string
		known bool
	}{
		a.URL("app.css"):                {"app.css", true},
		"/static/app.0123456789.css":    {"app.css", false}, // an older or a newer release
		"/static/app.css":               {"app.css", false},
		"/static/app.css.br":            {"", false},
		"/static/../fs.go":              {"", false},
		"/static/css/2-base.css":        {"", false},
		"/static/":                      {"", false},
		"/static/app.0123456789.js":     {"", false},
		"/static/keys.zzzzzzzzzz.js":    {"", false},
		"/static/icons.aaaaaaaaaa.svg":  {"icons.svg", false},
		"/static/avatar.aaaaaaaaaa.png": {"avatar.png", false},
	} {
		as, known := a.Lookup(path)
		name := ""
		if as != nil {
			name = as.Name
		}
		if name != want.name || known != want.known {
			t.Errorf("Lookup(%q) = %q, %v; want %q, %v", path, name, known, want.name, want.known)
		}
	}
}

func TestEncoded(t *testing.T) {
	a, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	sheet, _ := a.Lookup("app.css")
	for accept, want := range map[string]string{
		"gzip, deflate, br, zstd": "br",
		"gzip, deflate":           "gzip",
		"br;q=0, gzip":            "gzip",
		"BR;q=0.5":                "br",
		"":                        "",
		"identity":                "",
	} {
		body, encoding := sheet.Encoded(accept)
		if encoding != want {
			t.Errorf("Encoded(%q) = %q, want %q", accept, encoding, want)
			continue
		}
		var plain io.Reader = bytes.NewReader(body)
		switch encoding {
		case "br":
			plain = brotli.NewReader(plain)
		case "gzip":
			if plain, err = gzip.NewReader(plain); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := io.ReadAll(plain); err != nil || !bytes.Equal(got, sheet.Body) {
			t.Errorf("Encoded(%q) does not come out as it went in: %v", accept, err)
		}
	}
	if picture, _ := a.Lookup("avatar.png"); picture != nil {
		if _, encoding := picture.Encoded("br"); encoding != "" {
			t.Error("a PNG was compressed again")
		}
	}
}

// The design's budgets, in compressed bytes.
func TestBudgets(t *testing.T) {
	a, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	size := func(encoding string, names ...string) (n int) {
		for _, name := range names {
			as, _ := a.Lookup(name)
			if as == nil {
				t.Fatalf("%s is missing", name)
			}
			body, _ := as.Encoded(encoding)
			n += len(body)
		}
		return n
	}
	// The home page's scripts, with those that they cannot run without.
	var home []string
	var need func(name string)
	need = func(name string) {
		if slices.Contains(home, name) {
			return
		}
		home = append(home, name)
		source, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^import .*from '\./(.*)';`).FindAllSubmatch(source, -1) {
			need(string(m[1]))
		}
	}
	for _, name := range []string{"actions.js", "feed.js", "lightbox.js", "keys.js", "live.js"} {
		need(name)
	}
	if !slices.Contains(home, "dom.js") || slices.Contains(home, "plates.js") {
		t.Errorf("the home page loads %v", home)
	}
	var scripts []string
	for name := range a.byName {
		if strings.HasSuffix(name, ".js") && strings.Count(name, ".") == 1 { // a reader loads one language
			scripts = append(scripts, name)
		}
	}
	for _, b := range []struct {
		what     string
		encoding string
		files    []string
		limit    int
	}{
		{"CSS", "br", []string{"app.css"}, 20_000},
		{"the sprite", "br", []string{"icons.svg"}, 4_000},
		{"all scripts", "gzip", scripts, 30_000},
		// As browsers take them without TLS, and with 300 bytes of header for each.
		{"the home page's scripts", "gzip", home, 8_000 - 300*len(home)},
	} {
		if n := size(b.encoding, b.files...); n > b.limit {
			t.Errorf("%s: %d bytes, the budget is %d", b.what, n, b.limit)
		} else {
			t.Logf("%s: %d of %d bytes", b.what, n, b.limit)
		}
	}
}

// Scripts speak the language of the page, and carry no mark of it.
func TestScriptsSpeakEachLanguage(t *testing.T) {
	a, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	body := func(code, name string) string {
		as, known := a.Lookup(a.In(code).URL(name))
		if as == nil || !known {
			t.Fatalf("%s in %s is not there", name, code)
		}
		return string(as.Body)
	}
	if s := body("en", "dom.js"); !strings.Contains(s, "'Log in first.'") || strings.Contains(s, "/*T*/") {
		t.Errorf("the English script is not as it was: %s", s)
	}
	if s := body("de", "dom.js"); !strings.Contains(s, "'Melde dich zuerst an.'") || !strings.Contains(s, "`${grouped(n)} Kommentare`") || strings.Contains(s, "Log in first") {
		t.Errorf("the German script speaks otherwise: %s", s)
	}
	dom := strings.TrimPrefix(a.In("de").URL("dom.js"), "/static/")
	if s := body("de", "actions.js"); !strings.Contains(s, "./"+dom) {
		t.Errorf("the German script does not import the German %s: %s", dom, s)
	}
	if a.In("de").URL("app.css") != a.URL("app.css") || a.In("en").URL("dom.js") != a.URL("dom.js") {
		t.Error("what has no words has another address by language")
	}
	for name, as := range a.byName {
		if strings.Contains(string(as.Body), "/*T*/") || strings.Contains(string(as.Body), "/*GROUP*/") {
			t.Errorf("%s has a mark left", name)
		}
	}
	if s := body("de", "dom.js"); !strings.Contains(s, "'.')") || strings.Contains(s, "\u202f") {
		t.Errorf("the German script writes numbers otherwise: %s", s)
	}
}
