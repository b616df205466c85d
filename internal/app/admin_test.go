package app

import (
	"encoding/json"
	"html"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
)

// What commands and pages did stands in the log, which is searched, and written as CSV and JSON by page and command.
func TestAdminLogIsSearchedAndExported(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	memberOf(t, site, "anna")
	for _, args := range [][]string{
		{"account", "role", "boss", "owner"},
		{"account", "suspend", "anna", "--reason", "=sold \"shoes\", <b>100%</b>"},
		{"account", "suspend", "anna", "--undo"},
		{"account", "create"},
	} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	today := time.Now().UTC().Format(time.DateOnly)
	page := site.ask("GET", "/admin/log", "", boss).Body.String()
	for _, want := range []string{"member.role", "member to owner", "member.suspend", "member.unsuspend", "invite.create", "command line", "100%&lt;/b&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	for query, want := range map[string]int{"": 4, "?act=member.suspend": 1, "?whom=@Anna": 2, "?whom=nobody": 0, "?q=SHOES": 1, "?q=100%25": 1, "?q=1%25%25": 0, "?act=nonsense": 0,
		"?way=command": 4, "?way=page": 0, "?who=boss": 0, "?from=" + today: 4, "?from=" + today + "&to=" + today: 4, "?to=2026-01-01": 0, "?act=member.suspend&to=" + today: 1} {
		w := site.ask("GET", "/admin/log"+query, "", boss)
		if n := len(regexp.MustCompile(`data-label="Act"`).FindAllString(w.Body.String(), -1)); n != want {
			t.Errorf("%q: %d acts, want %d", query, n, want)
		}
	}
	if w := site.ask("GET", "/admin/log.csv?act=member.suspend", "", boss); !strings.Contains(w.Body.String(), `,command,member.suspend,anna,,"'=sold ""shoes"", <b>100%</b>",`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := site.ask("GET", "/admin/log.json", "", boss)
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	var oldest community.LogEntry
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &oldest); err != nil || len(lines) != 4 || oldest.Act != "member.role" || oldest.Whom != "boss" {
		t.Errorf("%v %s", err, w.Body)
	}
	for format, want := range map[string]string{"json": `"act":"member.suspend"`, "csv": ",command,member.suspend,anna,", "table": "member.suspend"} {
		if _, out, stderr := runCommand(env, "log", "--format", format, "--whom", "anna", "--text", "shoes"); !strings.Contains(out, want) || strings.Contains(out, "unsuspend") {
			t.Errorf("%s: %s %s", format, out, stderr)
		}
	}
	overview := site.ask("GET", "/admin", "", boss).Body.String()
	if !strings.Contains(overview, `href="/admin/log"`) || !strings.Contains(overview, "invite.create") {
		t.Errorf("the overview:\n%s", overview)
	}
	if w := site.ask("GET", "/admin/log?from=yesterday", "", boss); w.Code != 422 || !strings.Contains(w.Body.String(), "Write the day as 2026-12-31.") || !strings.Contains(w.Body.String(), `value="yesterday"`) {
		t.Errorf("no day: %d %s", w.Code, w.Body)
	}
	form := url.Values{"decision": {"limit"}, "reason": {"for a while"}}
	for range 60 { // more than a page has
		form.Set("decision", map[string]string{"limit": "unlimit", "unlimit": "limit"}[form.Get("decision")])
		site.ask("POST", "/admin/members/anna/decide", form.Encode(), boss)
	}
	by := "?act=member.limit&from=" + today + "&to=" + today + "&way=page&who=boss&whom=anna"
	acts := 0
	for path := "/admin/log" + by; path != ""; {
		body := site.ask("GET", path, "", boss).Body.String()
		acts += strings.Count(body, `class="cam" lang="en">member.limit<`)
		if strings.Contains(body, `class="cam" lang="en">member.unlimit<`) || !strings.Contains(body, html.EscapeString("/admin/log.csv"+by)) {
			t.Errorf("%s shows others, or exports others", path)
		}
		older := regexp.MustCompile(`href="(/admin/log\?[^"]*max_id=[^"]*)"`).FindStringSubmatch(body)
		if path = ""; older != nil {
			path = html.UnescapeString(older[1])
		}
	}
	csv := strings.Count(site.ask("GET", "/admin/log.csv"+by, "", boss).Body.String(), "member.limit")
	_, out, stderr := runCommand(env, "log", "--format", "csv", "--act", "member.limit", "--from", today, "--to", today, "--way", "page", "--who", "boss", "--whom", "anna")
	if acts != 30 || csv != 30 || strings.Count(out, "member.limit") != 30 {
		t.Errorf("%d limits by page, %d as CSV, by command %s %s", acts, csv, out, stderr)
	}
	if code, _, stderr := runCommand(env, "log", "--to", "x"); code == 0 || !strings.Contains(stderr, "2026-12-31") {
		t.Error(code, stderr)
	}
}
