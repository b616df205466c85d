package app

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
)

// browser is somebody with a cookie jar at an address.
type browser struct {
	site    *testSite
	address string
	cookies map[string]string
}

func (b *browser) send(method, path string, form ...string) *httptest.ResponseRecorder {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	headers := []string{"X-Forwarded-For: " + b.address}
	for name, value := range b.cookies {
		headers = append(headers, "Cookie: "+name+"="+value)
	}
	w := b.site.ask(method, path, values.Encode(), headers...)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return w
}

func memberSite(t *testing.T) (*testSite, *browser) {
	t.Helper()
	site, _ := wired(t, "REGISTRATION=open", "TRUSTED_PROXIES=1", "LOGIN_LIMIT=10/1h", "CONTACT=us@example.org")
	return site, signedUp(t, site)
}

// signedUp is the browser of anna, who has just signed up.
func signedUp(t *testing.T, site *testSite) *browser {
	t.Helper()
	b := &browser{site, "192.0.2.7", map[string]string{}}
	w := b.send("POST", "/signup", "name", "anna", "email", "anna@example.org", "password", "correct horse battery", "agree", "on")
	if w.Code != http.StatusSeeOther || b.cookies["tintype_session"] == "" {
		t.Fatalf("sign up: %d %v", w.Code, w.Header())
	}
	return b
}

func TestStrangersDoNotShutTheOwnerOut(t *testing.T) {
	site, owner := memberSite(t)
	logIn := func(b *browser, password string) int {
		return b.send("POST", "/login", "name", "anna", "password", password).Code
	}
	for i := range 10 {
		thief := &browser{site, "198.51.100." + strconv.Itoa(i), map[string]string{}}
		if code := logIn(thief, "wrong password"); code != http.StatusUnprocessableEntity {
			t.Fatalf("try %d: %d", i, code)
		}
	}
	stranger := &browser{site, "203.0.113.1", map[string]string{"tintype_device": owner.cookies["tintype_device"] + "x"}}
	if code := logIn(stranger, "correct horse battery"); code != http.StatusTooManyRequests {
		t.Errorf("a browser that is not known, with a forged cookie: %d", code)
	}
	w := owner.send("POST", "/settings/account", "what", "email", "current_password", "correct horse battery", "email", "a@example.org")
	if w.Code != http.StatusSeeOther {
		t.Errorf("the owner, logged in, changes the address: %d", w.Code)
	}

	w = owner.send("POST", "/logout")
	if w.Code != http.StatusSeeOther || w.Header().Get("Clear-Site-Data") != `"cache", "storage"` {
		t.Errorf("log-out: %d %v", w.Code, w.Header())
	}
	if owner.cookies["tintype_session"] != "" || owner.cookies["tintype_device"] == "" {
		t.Errorf("left after log-out: %v", owner.cookies)
	}
	owner.address = "203.0.113.2"
	if code := logIn(owner, "correct horse battery"); code != http.StatusSeeOther {
		t.Errorf("the owner's own browser: %d", code)
	}
}

func TestASessionBeforeALogInIsWorthNothing(t *testing.T) {
	site, b := memberSite(t)
	before := b.cookies["tintype_session"]
	w := b.send("POST", "/settings/account", "what", "password", "current_password", "correct horse battery", "new_password", "battery staple correct")
	if w.Code != http.StatusSeeOther || b.cookies["tintype_session"] == before {
		t.Fatalf("%d %v", w.Code, b.cookies)
	}
	if w := b.send("GET", "/settings/account"); w.Code != http.StatusOK {
		t.Errorf("the new session: %d", w.Code)
	}
	thief := &browser{site, "203.0.113.1", map[string]string{"tintype_session": before}}
	if w := thief.send("GET", "/settings/account"); w.Code != http.StatusUnauthorized && w.Code != http.StatusSeeOther {
		t.Errorf("the session before it: %d", w.Code)
	}
}

func TestWhatTheSiteKeepsIsItsOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil { // as another release has made it
		t.Fatal(err)
	}
	wired(t, "DATA_DIR="+dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "tintype.db"): 0o600, filepath.Join(dir, "secret.key"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestTheContactOfSecurityTxt(t *testing.T) {
	for contact, want := range map[string]string{"https://club.example/write@us": "https://club.example/write@us", "http://club.example/@us": "/contact", "": "/contact"} {
		site, _ := wired(t, "CONTACT="+contact)
		if body := site.ask("GET", "/.well-known/security.txt", "").Body.String(); !strings.HasPrefix(body, "Contact: ") || !strings.HasSuffix(strings.SplitN(body, "\n", 2)[0], want) || strings.Contains(body, "mailto:") {
			t.Errorf("the contact %q: %s", contact, body)
		}
	}
}

func TestWellKnownAddresses(t *testing.T) {
	site, _ := memberSite(t)
	w := site.ask("GET", "/.well-known/change-password", "")
	if w.Code != http.StatusFound || w.Header().Get("Location") != "/settings/account" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = site.ask("GET", "/.well-known/security.txt", "")
	fields := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		fields[name] = value
	}
	expires, err := time.Parse(time.RFC3339, fields["Expires"])
	if w.Code != http.StatusOK || fields["Contact"] != "mailto:us@example.org" || err != nil || time.Until(expires) < 24*time.Hour || time.Until(expires) > 365*24*time.Hour {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") || !strings.HasSuffix(fields["Canonical"], "/.well-known/security.txt") {
		t.Errorf("%v %q", w.Header(), w.Body)
	}
}

// A crawler that follows every link to the log-in page finds one address for each page, not ever longer ones.
func TestAReturnAddressNeverContainsItself(t *testing.T) {
	site, _ := memberSite(t)
	for _, path := range []string{"/login", "/login?return=%2Flogin%3Freturn%3D%252Fabout", "/signup?return=%2Fabout", "/about"} {
		w := site.ask("GET", path, "")
		body := w.Body.String()
		if w.Code != http.StatusOK || strings.Contains(body, "return=%2Flogin") || strings.Contains(body, "return=%2Fsignup") {
			t.Errorf("%s: %d %s", path, w.Code, body)
		}
		if strings.HasPrefix(path, "/login") && !strings.Contains(body, `content="noindex, nofollow"`) {
			t.Errorf("%s may be indexed or followed", path)
		}
		for _, link := range regexp.MustCompile(`<a [^>]*href="/login\?[^>]*>`).FindAllString(body, -1) {
			if !strings.Contains(link, `rel="nofollow"`) {
				t.Errorf("%s: %s is to be followed", path, link)
			}
		}
	}
}

// What others show of a page that is found there is written for it, not taken from its navigation.
func TestPagesThatAreFoundHaveADescription(t *testing.T) {
	site, _ := memberSite(t)
	for _, path := range []string{"/", "/explore", "/about"} {
		w := site.ask("GET", path, "")
		if _, rest, found := strings.Cut(w.Body.String(), `<meta name="description" content="`); w.Code != http.StatusOK || !found || strings.HasPrefix(rest, `"`) {
			t.Errorf("%s: %d, no description", path, w.Code)
		}
	}
}

func TestTheConsentPageDoesNotVouchForTheApplication(t *testing.T) {
	_, b := memberSite(t)
	w := b.send("POST", "/api/v1/apps", "client_name", "Tintype itself", "redirect_uris", "https://p\u0430ypal.example/cb")
	_, id, _ := strings.Cut(w.Body.String(), `"client_id":"`)
	id, _, _ = strings.Cut(id, `"`)
	w = b.send("GET", "/oauth/authorize?response_type=code&client_id="+id)
	for _, want := range []string{"Its maker calls it", "“Tintype itself”", "Nobody has checked that", "xn--pypal-4ve.example"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d: %q is missing in %s", w.Code, want, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "goes to p\u0430ypal") {
		t.Error("the page shows letters of two scripts")
	}
}

// TestTheConsentPageIsAsDescribed holds what GET /api/openapi.json says of a page.
func TestTheConsentPageIsAsDescribed(t *testing.T) {
	site, member := memberSite(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name     string
				Required bool
			}
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(site.ask("GET", "/api/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	page := doc.Paths["/oauth/authorize"]["get"]
	var app struct {
		ClientID string `json:"client_id"`
	}
	if err := json.Unmarshal(member.send("POST", "/api/v1/apps", "client_name", "A", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob https://a.example/").Body.Bytes(), &app); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{
		"response_type": "code", "client_id": app.ClientID, "redirect_uri": "https://a.example/", "scope": "read", "state": "kept",
		"code_challenge": strings.Repeat("a", 43), "code_challenge_method": "S256",
	}
	full, least := url.Values{}, url.Values{}
	for _, p := range page.Parameters {
		if values[p.Name] == "" {
			t.Errorf("a parameter %q is described", p.Name)
		}
		full.Set(p.Name, values[p.Name])
		if p.Required {
			least.Set(p.Name, values[p.Name])
		}
	}
	shown := member.send("GET", "/oauth/authorize?"+full.Encode())
	for name, value := range full {
		if !strings.Contains(shown.Body.String(), `name="`+name+`" value="`+value[0]+`"`) {
			t.Errorf("%s is described, and the page does not take it", name)
		}
	}
	for who, answer := range map[string]*httptest.ResponseRecorder{
		"a member": shown, "a visitor": site.ask("GET", "/oauth/authorize?"+full.Encode(), ""), "an unknown application": member.send("GET", "/oauth/authorize?client_id=17"),
	} {
		if page.Responses[strconv.Itoa(answer.Code)] == nil {
			t.Errorf("%s gets %d, which is not described", who, answer.Code)
		}
	}
	if len(full) != len(values) || len(page.Responses) != 3 || len(least) != 1 {
		t.Errorf("described %v with %v", page.Parameters, page.Responses)
	}
}

// Whoever allows an application is who the page named: another member who has logged in since reads it anew, and whoever has
// logged out logs in first.
func TestTheConsentPageIsForWhomItNames(t *testing.T) {
	site, anna := memberSite(t)
	ask := []string{"response_type", "code", "client_id", registered(t, site), "redirect_uri", community.OutOfBand}
	page := anna.send("GET", "/oauth/authorize?response_type=code&client_id="+ask[3]+"&redirect_uri="+ask[5]).Body.String()
	if !strings.Contains(page, "@anna") || !strings.Contains(page, `name="member" value="anna"`) {
		t.Fatalf("the page does not name its member:\n%s", page)
	}
	form := append(ask, "decision", "allow", "member", "anna")
	bob := (&browser{site, "192.0.2.8", map[string]string{}}).joins(t, "bob")
	w := bob.send("POST", "/oauth/authorize", form...)
	if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "<code") || !strings.Contains(body, "@bob") || !strings.Contains(body, `name="member" value="bob"`) {
		t.Errorf("another member: %d\n%s", w.Code, body)
	}
	for i := range 2 { // the second answer is the one that a browser shows
		if w := anna.send("POST", "/oauth/authorize", form...); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<code") {
			t.Errorf("time %d: %d\n%s", i+1, w.Code, w.Body)
		}
	}
	anna.send("POST", "/logout")
	w = anna.send("POST", "/oauth/authorize", form...)
	back, err := url.QueryUnescape(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusSeeOther || !strings.HasPrefix(back, "/login?return=/oauth/authorize?") || strings.Contains(back, "decision") || strings.Contains(back, "member") {
		t.Errorf("logged out: %d to %q, %v", w.Code, back, err)
	}
}

// A browser in which a deleted account has logged in lets nobody in, has its tries counted, and knows whoever comes next for
// what that member has done there alone.
func TestTheDeviceOfADeletedAccount(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1", "LOGIN_LIMIT=3/1h"}
	site, _ := wired(t, env...)
	(&browser{site, "192.0.2.1", map[string]string{}}).joins(t, "dora")
	b := signedUp(t, site)
	if code, _, stderr := runCommand(env, "account", "delete", "anna", "--yes"); code != 0 {
		t.Fatal(stderr)
	}
	logIn := func(b *browser, name string) int {
		return b.send("POST", "/login", "name", name, "password", "correct horse battery").Code
	}
	for i, want := range []int{422, 422, 422, 429} {
		if code := logIn(b, "anna"); code != want || b.in(t) {
			t.Errorf("the deleted account, try %d: %d, want %d", i+1, code, want)
		}
	}
	if w := b.send("POST", "/signup", "name", "anna", "email", "new@example.org", "password", "correct horse battery", "agree", "on"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("the name that stays taken: %d", w.Code)
	}
	// Bob joined elsewhere, and strangers have used up his tries: this browser does not know him.
	other := (&browser{site, "192.0.2.9", map[string]string{}}).joins(t, "bob")
	for range 3 {
		(&browser{site, "198.51.100.1", map[string]string{}}).send("POST", "/login", "name", "bob", "password", "wrong password")
	}
	if code := logIn(b, "bob"); code != http.StatusTooManyRequests {
		t.Errorf("the browser of the deleted account knows bob: %d", code)
	}
	if code := logIn(other, "bob"); code != http.StatusSeeOther {
		t.Errorf("bob's own browser: %d", code)
	}
	// Who joins in it is known there from then on.
	b.joins(t, "carl")
	b.send("POST", "/logout")
	for range 3 {
		(&browser{site, "198.51.100.1", map[string]string{}}).send("POST", "/login", "name", "carl", "password", "wrong password")
	}
	if code := logIn(b, "carl"); code != http.StatusSeeOther || !b.in(t) {
		t.Errorf("carl in his browser: %d", code)
	}
}

// A link for a new password lets in whose it is, also where somebody else is logged in, and changes nobody else.
func TestAResetLinkInTheBrowserOfAnother(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1"}
	site, _ := wired(t, env...)
	signedUp(t, site)
	bob := (&browser{site, "192.0.2.8", map[string]string{}}).joins(t, "bob")
	code, link, stderr := runCommand(env, "account", "reset-password", "anna")
	_, secret, found := strings.Cut(strings.TrimSpace(link), "/links/")
	if code != 0 || !found {
		t.Fatal(code, link, stderr)
	}
	path := "/links/" + secret
	if page := bob.send("GET", path).Body.String(); !strings.Contains(page, "@anna") {
		t.Errorf("the page does not say whose password it is:\n%s", page)
	}
	if w := bob.send("POST", path, "password", "short"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a short password: %d", w.Code)
	}
	if w := bob.send("POST", path, "password", "battery staple correct"); w.Code != http.StatusSeeOther {
		t.Fatalf("a new password: %d\n%s", w.Code, w.Body)
	}
	if page := bob.send("GET", "/settings/account").Body.String(); !strings.Contains(page, "anna@example.org") || strings.Contains(page, "bob@example.org") {
		t.Errorf("afterwards the browser is not anna's:\n%s", page)
	}
	for name, password := range map[string]string{"anna": "battery staple correct", "bob": "correct horse battery"} {
		b := &browser{site, "192.0.2.9", map[string]string{}}
		if w := b.send("POST", "/login", "name", name, "password", password); w.Code != http.StatusSeeOther {
			t.Errorf("%s logs in: %d", name, w.Code)
		}
	}
}

// A page past the end of a list says so and leads back; it does not say that the list is empty.
func TestPagesPastTheEnd(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1"}
	site, _ := wired(t, env...)
	b := signedUp(t, site)
	if code, _, stderr := runCommand(env, "account", "promote", "anna"); code != 0 {
		t.Fatal(stderr)
	}
	if w := b.send("POST", "/notifications/clear"); w.Code != http.StatusSeeOther { // that of the role
		t.Fatal(w.Code)
	}
	stranger := &browser{site, "198.51.100.1", map[string]string{}}
	const older, newer = "This is the end: there is nothing older.", "This is the end: there is nothing newer."
	for _, c := range []struct {
		path    string
		visitor bool
	}{
		{"/", true}, {"/", false}, {"/explore", true}, {"/explore", false}, {"/@anna", true}, {"/@anna", false},
		{"/@anna/followers", true}, {"/@anna/following", false}, {"/likes", false}, {"/bookmarks", false}, {"/notifications", false},
		{"/follow-requests", false}, {"/settings/blocks", false}, {"/admin/reports", false}, {"/admin/reports?state=closed", false},
		{"/admin/jobs", false}, {"/admin/jobs?state=ready", false},
	} {
		who := b
		if c.visitor {
			who = stranger
		}
		ask := func(cursor string) string {
			to := c.path
			if cursor != "" {
				to += map[bool]string{true: "&", false: "?"}[strings.Contains(to, "?")] + cursor
			}
			w := who.send("GET", to)
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d", to, w.Code)
			}
			return html.UnescapeString(w.Body.String())
		}
		if page := ask(""); strings.Contains(page, "This is the end") || !strings.Contains(page, `class="empty"`) && c.path != "/admin/jobs?state=ready" {
			t.Errorf("%s: a list without anything says that it is at its end", c.path)
		}
		for cursor, want := range map[string]string{"max_id=1": older, "min_id=9223372036854775807": newer} {
			if cursor != "max_id=1" && strings.HasPrefix(c.path, "/admin/jobs") {
				continue // which have no way up
			}
			page := ask(cursor)
			if !strings.Contains(page, want) || !strings.Contains(page, `<a class="button" href="`+c.path+`">Back to the beginning</a>`) {
				t.Errorf("%s with %s does not say that it is past the end", c.path, cursor)
			}
			for _, never := range []string{"No photographs", "No public", "Nothing here yet", "Nobody ", "follows nobody", "You have not blocked anybody", "You have no", "You have not", "No report"} {
				if strings.Contains(page, ">"+never) || strings.Contains(page, "\t"+never) {
					t.Errorf("%s with %s says %q", c.path, cursor, never)
				}
			}
		}
	}
}

// A visitor's address that asks for a post which the page does not hold is nobody's link, and is not kept.
func TestMadeUpAddressesAreNotKept(t *testing.T) {
	site, _ := memberSite(t)
	stranger := &browser{site, "198.51.100.1", map[string]string{}}
	for _, path := range []string{"/", "/explore", "/@anna"} {
		if cc := stranger.send("GET", path).Header().Get("Cache-Control"); !strings.Contains(cc, "s-maxage") {
			t.Errorf("%s: %q", path, cc)
		}
		if other := strings.ToUpper(path); other != path && strings.HasPrefix(path, "/@") {
			for _, address := range []string{other, other + "/followers", other + ".atom"} {
				w := stranger.send("GET", strings.Replace(address, ".ATOM", ".atom", 1))
				if cc := w.Header().Get("Cache-Control"); w.Code != http.StatusOK || !strings.Contains(cc, "no-store") {
					t.Errorf("%s, in other letters: %d %q", address, w.Code, cc)
				}
			}
			for _, address := range []string{path + "/followers", path + ".atom"} {
				if cc := stranger.send("GET", address).Header().Get("Cache-Control"); !strings.Contains(cc, "s-maxage") {
					t.Errorf("%s: %q", address, cc)
				}
			}
		}
		if cc := stranger.send("GET", path+"?show=7").Header().Get("Cache-Control"); !strings.Contains(cc, "no-store") {
			t.Errorf("%s?show=7: %q", path, cc)
		}
	}
}
