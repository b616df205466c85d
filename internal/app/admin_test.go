package app

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// adminRoutes are the routes of the administration, with the act that each needs.
var adminRoutes = map[string]community.Act{
	"GET /admin":                                   community.ReadAdmin,
	"GET /admin/log":                               community.ReadLog,
	"GET /admin/log.csv":                           community.ReadLog,
	"GET /admin/log.json":                          community.ReadLog,
	"GET /admin/reports":                           community.ReadReports,
	"GET /admin/reports/:id":                       community.ReadReports,
	"POST /admin/reports/:id/decide":               community.CloseReport,
	"POST /admin/reports/:id/assign":               community.AssignReport,
	"POST /admin/reports/:id/unassign":             community.AssignReport,
	"POST /admin/reports/:id/reopen":               community.ReopenReport,
	"GET /admin/appeals":                           community.ReadReports,
	"GET /admin/appeals/:id":                       community.ReadReports,
	"POST /admin/appeals/:id":                      community.AnswerAppeal,
	"GET /admin/members":                           community.ReadMembers,
	"GET /admin/members/:name":                     community.ReadMembers,
	"POST /admin/members/:name/decide":             community.Warn,
	"POST /admin/members/:name/decisions/:id/undo": community.Unwarn,
	"POST /admin/members/:name/act":                community.LogOut,
	"POST /admin/members/:name/role":               community.SetRole,
	"POST /admin/members/:name/quota":              community.SetQuota,
	"POST /admin/members/:name/note":               community.Note,
	"POST /admin/members/:name/note/:id/remove":    community.RemoveNote,
	"GET /admin/status":                            community.ReadSystem,
	"GET /admin/jobs":                              community.ReadSystem,
	"GET /admin/moves":                             community.ReadSystem,
	"GET /admin/ladder":                            community.ReadSystem,
	"GET /admin/two-factors":                       community.TakeTwoFactors,
	"POST /admin/two-factors":                      community.TakeTwoFactors,
	"POST /admin/jobs/:id/retry":                   community.RetryJob,
	"GET /admin/site":                              community.ReadSite,
	"POST /admin/site":                             community.EditSite,
	"POST /admin/site/picture":                     community.EditSite,
	"POST /admin/site/picture/remove":              community.EditSite,
	"GET /admin/first-steps":                       community.ReadSite,
	"POST /admin/first-steps/close":                community.EditSite,
	"GET /admin/invitations":                       community.ReadInvitations,
	"GET /admin/invitations/:id":                   community.ReadInvitations,
	"GET /admin/invitations/:id/card":              community.ReadInvitations,
	"POST /admin/invitations":                      community.Invite,
	"POST /admin/invitations/mail":                 community.Invite,
	"POST /admin/invitations/:id/end":              community.EndInvitation,
	"GET /admin/announcements":                     community.ReadAnnouncements,
	"POST /admin/announcements":                    community.Announce,
	"GET /admin/announcements/:id":                 community.ReadAnnouncements,
	"POST /admin/announcements/:id":                community.EditAnnouncement,
	"POST /admin/announcements/:id/end":            community.EndAnnouncement,
	"POST /admin/announcements/:id/delete":         community.DeleteAnnouncement,
	"GET /admin/blocks":                            community.ReadBlocks,
	"POST /admin/blocks":                           community.AddBlock,
	"POST /admin/blocks/:id/remove":                community.RemoveBlock,
	"GET /admin/waiting":                           community.ReadMembers,
	"POST /admin/waiting/:name/approve":            community.ApproveMember,
	"POST /admin/waiting/:name/refuse":             community.RefuseMember,
}

// Each route of the administration answers those whose role may, and tells nobody else that it is there. A route without a
// row fails. What other routes say to strangers stands in TestStrangersRoutesAreBounded.
func TestAdminRoutesByRole(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SIGNUP_LIMIT=100/1h"}
	site, _ := wired(t, env...)
	cookies := map[string]string{"": ""}
	for _, role := range append([]string{"suspended"}, community.Roles...) {
		cookies[role] = memberOf(t, site, role+"_1")
	}
	for _, args := range [][]string{
		{"account", "role", "owner_1", "owner"}, {"account", "role", "admin_1", "admin"}, {"account", "role", "moderator_1", "moderator"},
		{"account", "role", "suspended_1", "admin"}, {"account", "suspend", "suspended_1"},
	} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	seen := map[string]bool{}
	for _, route := range site.routes.All() {
		name := route.Method + " " + route.Path
		act, known := adminRoutes[name]
		if !strings.HasPrefix(route.Path, "/admin") {
			continue
		}
		seen[name] = true
		if !known {
			t.Errorf("%s: say in adminRoutes which act it needs", name)
			continue
		}
		for role, cookie := range cookies {
			headers := []string{"Content-Type: application/x-www-form-urlencoded"}
			if cookie != "" {
				headers = append(headers, cookie)
			}
			w := site.ask(route.Method, routeParameter.ReplaceAllString(route.Path, "1"), "", headers...)
			may := role != "" && role != "suspended" && community.May(&store.Account{Role: role}, act)
			// Nothing has the id 1, so that those who may find a page, or that there is nothing under that id.
			nothing := strings.Contains(route.Path, ":")
			fine := func(code int) bool { // a form without what it needs is shown again, and one that changes nothing leads on
				return code == http.StatusOK || route.Method == http.MethodPost && (code == http.StatusSeeOther || code == http.StatusUnprocessableEntity)
			}
			switch code := w.Code; {
			case role == "" || role == "suspended":
				if code != http.StatusUnauthorized && !strings.HasPrefix(w.Header().Get("Location"), "/login") {
					if code != http.StatusOK || !strings.Contains(w.Body.String(), "Log in") {
						t.Errorf("%s for %q: %d", name, role, code)
					}
				}
			case may && !nothing && !fine(code), !may && code != http.StatusNotFound, nothing && code != http.StatusNotFound:
				t.Errorf("%s for %q: %d", name, role, code)
			}
		}
	}
	for name := range adminRoutes {
		if !seen[name] {
			t.Errorf("%s is in the table, and no route", name)
		}
	}
}

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
	page := site.ask("GET", "/admin/log", "", boss).Body.String()
	for _, want := range []string{"member.role", "member to owner", "member.suspend", "member.unsuspend", "invite.create", "command line", "100%&lt;/b&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	for query, want := range map[string]int{"": 4, "?act=member.suspend": 1, "?whom=@Anna": 2, "?whom=nobody": 0, "?q=SHOES": 1, "?q=100%25": 1, "?q=1%25%25": 0, "?act=nonsense": 0} {
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
}
