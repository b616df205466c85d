package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"tintype/dev/preview/sample"
	"tintype/internal/servertest"
)

// axe finds what breaks the rules of WCAG 2.2, levels A and AA, on a page.
const axe = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']})
	.then(found => found.violations.map(v => v.id + ': ' + v.help + '\n  ' + v.nodes.slice(0, 3).map(n => n.target + ' ' + n.html.slice(0, 160)).join('\n  ')))`

// TestEveryPageIsAccessible asks axe-core about the pages and mails of the preview. The seed chooses a third of them, and the width and
// the theme of each; the long form takes all in all four.
func TestEveryPageIsAccessible(t *testing.T) {
	ctx, at := browser(t)
	script, err := os.ReadFile(servertest.NodeFile(t, "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	type look struct {
		width int
		theme string
	}
	looks := []look{{390, "light"}, {390, "dark"}, {1440, "light"}, {1440, "dark"}}
	var paths []string
	for _, p := range sample.Pages() {
		paths = append(paths, p.Path)
	}
	for _, l := range sample.Letters(nil) {
		paths = append(paths, l.Path)
	}
	for _, path := range paths {
		h := fnv.New32a()
		h.Write([]byte(os.Getenv("TEST_SEED") + path))
		if h.Sum32()>>8%3 != 0 && !servertest.All() {
			continue
		}
		chosen := looks[h.Sum32()%4:][:1]
		if servertest.All() {
			chosen = looks
		}
		for _, l := range chosen {
			do(t, ctx, chromedp.EmulateViewport(int64(l.width), 900), chromedp.Navigate(at+path+"?theme="+l.theme))
			until(t, ctx, `document.readyState === 'complete'`)
			run(t, ctx, `scrollTo(0, 0);`+string(script)) // what lies half under the header counts as too small
			found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axe, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			drawn, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](stretched))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for _, f := range append(found, drawn...) {
				t.Errorf("%s at %d, %s: %s", path, l.width, l.theme, f)
			}
		}
	}
}

// stretched names the pictures that are drawn wider or higher than they are, and a page that scrolls sideways.
const stretched = `(document.documentElement.scrollWidth > innerWidth ? ['scrolls sideways, to ' + document.documentElement.scrollWidth] : []).concat([...document.images].filter((i) => i.complete && i.naturalWidth && i.clientHeight && getComputedStyle(i).objectFit === 'fill'
	&& Math.abs(i.clientWidth * i.naturalHeight / i.clientHeight / i.naturalWidth - 1) > 0.05).map((i) => 'stretched: ' + i.outerHTML.slice(0, 200)))`

// TestEveryPageIsValid has html-validate hold every page of the preview against the HTML standard.
func TestEveryPageIsValid(t *testing.T) {
	tool := servertest.Tool(t, "html-validate", "npm package html-validate")
	handler, err := newPreview()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".htmlvalidate.json"), []byte(`{"root": true, "extends": ["html-validate:standard", "html-validate:document"],
		"rules": {"require-sri": "off"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{} // the address of what a file holds
	for i, p := range sample.Pages() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, p.Path, nil))
		name := filepath.Join(dir, fmt.Sprintf("%03d.html", i))
		pages[name] = p.Path
		if err := os.WriteFile(name, w.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), tool, "--formatter", "json=found.json", "*.html")
	cmd.Dir = dir
	said, failed := cmd.CombinedOutput() // it fails where it finds something
	out, err := os.ReadFile(filepath.Join(dir, "found.json"))
	var results []struct {
		FilePath string
		Messages []struct {
			RuleID, Message string
			Line, Column    int
		}
	}
	if e := json.Unmarshal(out, &results); err != nil || e != nil || failed != nil && len(results) == 0 {
		t.Fatalf("%v, %v, %v: %s", failed, err, e, said)
	}
	for _, r := range results {
		for _, m := range r.Messages {
			t.Errorf("%s: %s: %s (%d:%d)", pages[r.FilePath], m.RuleID, m.Message, m.Line, m.Column)
		}
	}
	if len(pages) < 50 {
		t.Errorf("%d pages", len(pages))
	}
}
