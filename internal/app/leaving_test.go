package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// drops tells whether an answer has the browser forget a cookie, and says nothing else of it later.
func drops(w *httptest.ResponseRecorder, name string) bool {
	dropped := false
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			dropped = c.MaxAge < 0
		}
	}
	return dropped
}

// Who leaves is gone from every page at once, and by logging in comes back or has everything deleted. Commands do the same.
func TestLeavingByPageAndCommand(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	boss, anna := memberOf(t, site, "boss"), memberOf(t, site, "anna")
	run := func(args ...string) {
		t.Helper()
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	run("account", "role", "boss", "owner")
	send := func(path, cookie string, fields ...string) (code int, to, cookies, body string) {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			v.Set(fields[i], fields[i+1])
		}
		headers := []string{"Content-Type: application/x-www-form-urlencoded"}
		if cookie != "" {
			headers = append(headers, cookie)
		}
		w := site.ask("POST", path, v.Encode(), headers...)
		for _, c := range w.Result().Cookies() {
			if c.MaxAge >= 0 {
				cookies += "; " + c.Name + "=" + c.Value
			}
		}
		return w.Code, w.Header().Get("Location"), "Cookie: " + strings.TrimPrefix(cookies, "; "), w.Body.String()
	}
	const password = "correct horse battery"
	// farewell is for whoever has left, once, and not for whoever comes next.
	farewell := func(to, cookies, words string) {
		t.Helper()
		w := site.ask("GET", to, "", cookies)
		if !strings.Contains(w.Body.String(), words) || !drops(w, "flash") {
			t.Errorf("%s does not say %q, or says it again: %v", to, words, w.Header().Values("Set-Cookie"))
		}
		w = site.ask("POST", "/login", url.Values{"name": {"boss"}, "password": {password}}.Encode(), "Content-Type: application/x-www-form-urlencoded", cookies)
		if w.Code != 303 || !drops(w, "flash") {
			t.Errorf("%d, and the next one is told of it: %v", w.Code, w.Header().Values("Set-Cookie"))
		}
	}
	leave := func(cookie string) {
		t.Helper()
		code, to, cookies, body := send("/settings/delete", cookie, "confirm", "anna", "password", password)
		if code != 303 || to != "/login" {
			t.Fatalf("%d %s %s", code, to, body)
		}
		farewell(to, cookies, "Your account is closed.")
	}
	comesIn := func() string {
		t.Helper()
		code, to, cookie, body := send("/login", "", "name", "anna", "password", password)
		if code != 303 || to != "/leaving" {
			t.Fatalf("%d %s %s", code, to, body)
		}
		return cookie
	}
	status := func(path string, headers ...string) int { return site.ask("GET", path, "", headers...).Code }

	if code, _, _, _ := send("/settings/delete", anna, "confirm", "anna", "password", "wrong"); code != 422 || status("/@anna") != 200 {
		t.Errorf("with a wrong password: %d", code)
	}
	leave(anna)
	if code := status("/@anna", boss); code != 404 {
		t.Errorf("the profile: %d", code)
	}
	if w := site.ask("GET", "/settings", "", anna); w.Code == 200 && strings.Contains(w.Body.String(), "/settings/delete") {
		t.Error("the session goes on")
	}
	if w := site.ask("GET", "/leaving", ""); !strings.HasPrefix(w.Header().Get("Location"), "/login") {
		t.Errorf("/leaving for strangers: %d", w.Code)
	}
	cookie := comesIn()
	if page := site.ask("GET", "/leaving", "", cookie).Body.String(); !strings.Contains(page, `action="/leaving/back"`) || !strings.Contains(page, "Nobody sees @anna any more.") {
		t.Error("the page offers no way back")
	}
	if w := site.ask("GET", "/suspended", "", cookie); w.Header().Get("Location") != "/leaving" {
		t.Errorf("/suspended: %d", w.Code)
	}
	for _, path := range []string{"/settings", "/"} {
		if w := site.ask("GET", path, "", cookie); strings.Contains(w.Body.String(), "/logout") {
			t.Errorf("half in: %s", path)
		}
	}
	if page := site.ask("GET", "/admin/members?state=leaving", "", boss).Body.String(); !strings.Contains(page, "/admin/members/anna") {
		t.Error("who has left is not in the list of those")
	}
	if page := site.ask("GET", "/admin/members/anna", "", boss).Body.String(); !strings.Contains(page, "The member has left.") || !strings.Contains(page, `value="back"`) || strings.Contains(page, "is suspended") {
		t.Error("the page of somebody who has left")
	}
	code, to, in, _ := send("/leaving/back", cookie)
	if code != 303 || to != "/" || status("/@anna") != 200 || status("/settings", in) != 200 {
		t.Errorf("back: %d %s", code, to)
	}
	if page := site.ask("GET", "/notifications", "", in).Body.String(); !strings.Contains(page, "from a browser that had not been used before") {
		t.Error("nobody told anna of the log-in with which she came back")
	}
	if code, to, _, _ := send("/leaving/back", cookie); !strings.HasPrefix(to, "/login") {
		t.Errorf("the way back is open although nobody is away: %d %s", code, to)
	}

	run("account", "leave", "anna", "--reason", "by letter")
	if _, out, _ := runCommand(env, "account", "list", "--state", "leaving"); !strings.Contains(out, "anna") {
		t.Error(out)
	}
	if code, _, _, _ := send("/admin/members/anna/act", boss, "act", "back", "act_reason", "by telephone"); code != 303 || status("/@anna") != 200 {
		t.Errorf("brought back by page: %d", code)
	}
	run("account", "leave", "anna")
	run("account", "bring-back", "anna")
	run("account", "leave", "anna")
	cookie = comesIn()
	if code, _, _, _ := send("/leaving/delete", cookie, "password", "wrong"); code != 422 {
		t.Errorf("deleted with a wrong password: %d", code)
	}
	code, to, cookies, _ := send("/leaving/delete", cookie, "password", password)
	if code != 303 || to != "/login" {
		t.Errorf("delete now: %d %s", code, to)
	}
	farewell(to, cookies, "Your account is deleted.")
	if code, to, _, _ := send("/leaving/back", cookie); !strings.HasPrefix(to, "/login") {
		t.Errorf("back from nowhere: %d %s", code, to)
	}
	if code, to, _, _ := send("/login", "", "name", "anna", "password", password); code == 303 {
		t.Errorf("logged in to what is deleted: %s", to)
	}
	if code, _, _, body := send("/signup", "", "name", "anna", "email", "other@example.org", "password", password, "agree", "on"); code != 422 || !strings.Contains(body, "taken") {
		t.Errorf("the name is given again: %d", code)
	}
}

// On a site for members only, those whose account is closed or suspended still reach every page that is left to them: whoever
// knows the password comes in, answers, takes everything along, comes back or leaves for good.
func TestWhoIsShutOutOfAMembersOnlySite(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "VISITORS=none", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h"}
	site, _ := wired(t, env...)
	for i, c := range []struct{ name, command, page string }{{"anna", "leave", "/leaving"}, {"ben", "suspend", "/suspended"}} {
		b := (&browser{site, "192.0.2." + strconv.Itoa(i), map[string]string{}}).joins(t, c.name)
		if code, _, stderr := runCommand(env, "account", c.command, c.name); code != 0 {
			t.Fatal(stderr)
		}
		if w := b.send("GET", "/leaving"); !leadsToLogin(w) {
			t.Errorf("%s without a log-in: %d %v", c.name, w.Code, w.Header())
		}
		if w := b.send("POST", "/login", "name", c.name, "password", "correct horse battery"); w.Header().Get("Location") != c.page {
			t.Fatalf("%s: %d %v", c.name, w.Code, w.Header())
		}
		if w := b.send("GET", c.page); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "@"+c.name) {
			t.Errorf("%s: %d %v", c.page, w.Code, w.Header())
		}
		for _, route := range site.routes.All() {
			path := routeParameter.ReplaceAllString(route.Path, "1")
			if path == "/suspended/leave" || !strings.HasPrefix(path, "/leaving") && !strings.HasPrefix(path, "/suspended") {
				continue
			}
			if path == "/leaving/back" && c.page == "/leaving" {
				continue // below
			}
			if w := b.send(route.Method, path); leadsToLogin(w) {
				t.Errorf("%s is shut out of %s %s: %d", c.name, route.Method, route.Path, w.Code)
			}
		}
		if w := b.send("GET", "/"); !leadsToLogin(w) {
			t.Errorf("%s reads the site: %d", c.name, w.Code)
		}
		if c.page != "/leaving" {
			continue
		}
		if w := b.send("POST", "/leaving/back"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" {
			t.Errorf("back: %d %v", w.Code, w.Header())
		}
		if w := b.send("GET", "/"); w.Code != http.StatusOK {
			t.Errorf("the site, when one is back: %d", w.Code)
		}
	}
}

func leadsToLogin(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusUnauthorized || strings.HasPrefix(w.Header().Get("Location"), "/login")
}
