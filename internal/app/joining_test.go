package app

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// Who has read an invitation's link can use it, or keep it. So that of an invitation to a role is shown once, after the password of whoever
// makes it, and no page or card has it later.
func TestInvitationsToARoleAreShownOnce(t *testing.T) {
	r := newRoleSite(t)
	const list, card = "/admin/invitations", "/card"
	for i, role := range []string{store.RoleMember, store.RoleModerator, store.RoleAdmin} {
		form := url.Values{"note": {"the desk"}, "uses": {"1"}, "days": {"7"}, "role": {role}, "password": {password}, "idempotency_key": {fmt.Sprint("once", i)}}
		made := r.asks("owner", "POST", list, form.Encode(), "application/x-www-form-urlencoded")
		rows, err := r.c.Invitations(r.ctx, community.ByCommand(""), community.Cursor{Limit: 1})
		r.must(err)
		inv, always := rows[0], role == store.RoleMember
		page, link := list+"/"+idOf(inv.ID), r.c.InvitationURL(inv.ID)
		secret := link[strings.LastIndex(link, "/")+1:]
		if has := strings.Contains(made.Body.String(), `value="`+link+`"`); inv.Role != role || has == always || made.Code != map[bool]int{true: http.StatusSeeOther, false: http.StatusOK}[always] {
			t.Errorf("an invitation that makes a %s was made: %d; the link is there: %t", role, made.Code, has)
		}
		for _, who := range []string{"admin", "owner"} {
			for _, path := range []string{list, page, page + card} {
				w := r.asks(who, "GET", path, "", "")
				want := http.StatusOK
				if path == page+card && !always {
					want = http.StatusForbidden
				}
				if has := strings.Contains(w.Body.String(), secret); w.Code != want || has != (always && path != list) {
					t.Errorf("%s asks for %s, which makes a %s: %d, not %d; the link is there: %t", who, path, role, w.Code, want, has)
				}
			}
			body := r.asks(who, "GET", page, "", "").Body.String()
			for part, there := range map[string]bool{page + card: always, "Its link was shown once": !always, page + "/end": true, "<dt>Role</dt>": !always} {
				if strings.Contains(body, part) != there {
					t.Errorf("%s reads of an invitation that makes a %s: %q is there: %t", who, role, part, !there)
				}
			}
		}
	}
}

// Who runs the site invites and decides by pages and by commands: the card has the invitation's link, a form sent twice makes
// one invitation, and who waits is not logged in until somebody has decided.
func TestJoiningByPageAndCommand(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SMTP_URL=smtp://127.0.0.1:9", "MAIL_FROM=club@example.org"}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	for _, args := range [][]string{{"account", "role", "boss", "owner"}, {"site", "set", "registration=approval"}} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	send := func(path, cookie string, fields ...string) (int, string, string) {
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
		return w.Code, w.Header().Get("Location"), w.Body.String()
	}
	site.ask("GET", "/admin/site", "", boss) // reads the row that the command wrote
	invitation := []string{"note", "the walkers", "uses", "1", "days", "7", "role", "member", "idempotency_key", "k1"}
	code, first, body := send("/admin/invitations", boss, invitation...)
	if code != 303 || !strings.HasPrefix(first, "/admin/invitations/") {
		t.Fatalf("%d %s", code, body)
	}
	if _, second, _ := send("/admin/invitations", boss, invitation...); second != first {
		t.Errorf("a form sent twice made %s and %s", first, second)
	}
	link := regexp.MustCompile(`/links/[\w-]{32}`).FindString(site.ask("GET", first, "", boss).Body.String())
	card := site.ask("GET", first+"/card", "", boss).Body.String()
	if scanned := readQR(t, card); link == "" || !strings.Contains(card, link) || !strings.HasSuffix(scanned, link) || !strings.Contains(card, ">"+scanned+"<") {
		t.Errorf("the card: %q is read as %q", link, scanned)
	}
	if code, _, body := send(link, "", "name", "anna", "email", "anna@example.org", "password", "correct horse battery"); code != 303 {
		t.Errorf("%d %s", code, body)
	}
	if code, _, _ := send(link, "", "name", "carl", "email", "carl@example.org", "password", "correct horse battery"); code == 303 {
		t.Error("an invitation for one let two in")
	}
	if page := site.ask("GET", first, "", boss).Body.String(); !strings.Contains(page, "@anna") || !strings.Contains(page, "Used up") {
		t.Error("the invitation does not say who came")
	}
	if code, _, body := send("/admin/invitations", boss, "note", "kept", "uses", "many", "days", "7"); code != 422 || !strings.Contains(body, `value="many"`) || !strings.Contains(body, `value="kept"`) {
		t.Errorf("a refused form: %d", code)
	}
	if code, _, body := send("/admin/invitations/mail", boss, "addresses", "a@example.net\nno address\nanna@example.org", "idempotency_key", "k2"); code != 200 ||
		!strings.Contains(body, "1 person is invited.") || !strings.Contains(body, "<li>no address</li>") || !strings.Contains(body, "<li>anna@example.org</li>") {
		t.Errorf("by mail: %d", code)
	}
	if code, _, body := send("/admin/invitations/mail", boss, "addresses", "A@example.net", "idempotency_key", "k3"); code != 200 || !strings.Contains(body, "Already invited") || strings.Contains(body, "1 person is invited.") {
		t.Errorf("the same address again: %d", code)
	}
	if page := site.ask("GET", "/admin/members/anna", "", boss).Body.String(); !strings.Contains(page, "Joined with an invitation from @boss") || !strings.Contains(page, `href="`+first+`"`) || !strings.Contains(page, "the walkers") {
		t.Error("the member's page does not say by which invitation she came")
	}
	if _, out, _ := runCommand(env, "account", "show", "anna"); !strings.Contains(out, "of boss the walkers") {
		t.Error(out)
	}

	form := site.ask("GET", "/signup", "").Body.String()
	if !strings.Contains(form, `name="reason"`) || !strings.Contains(form, "Ask to join") {
		t.Error("the form asks for no reason")
	}
	if w := site.ask("GET", "/api/v2/instance", ""); !strings.Contains(w.Body.String(), `"approval_required":true`) {
		t.Error(w.Body)
	}
	ask := func(name, reason string) (int, string) {
		code, _, body := send("/signup", "", "name", name, "email", name+"@example.org", "password", "correct horse battery", "agree", "on", "reason", reason)
		return code, body
	}
	if code, body := ask("dora", ""); code != 422 || !strings.Contains(body, "Say why you want to join.") {
		t.Errorf("without a reason: %d", code)
	}
	for _, name := range []string{"dora", "emil", "fritz"} {
		if code, body := ask(name, "I walk with <b>you</b>."); code != 200 || !strings.Contains(body, "Your sign-up is waiting") {
			t.Fatalf("%d %s", code, body)
		}
	}
	if w := site.ask("GET", "/@dora", ""); w.Code != 404 {
		t.Errorf("who waits has a page: %d", w.Code)
	}
	if page := site.ask("GET", "/admin/waiting", "", boss).Body.String(); !strings.Contains(page, "3 people are waiting.") || !strings.Contains(page, "I walk with &lt;b&gt;you&lt;/b&gt;.") {
		t.Error("the list of who waits")
	}
	if page := site.ask("GET", "/notifications", "", boss).Body.String(); !strings.Contains(page, `<a href="/admin/waiting">ask to join</a>`) || !strings.Contains(page, `<b class="badge">3</b>`) ||
		strings.Contains(page, `"/@dora"`) || strings.Contains(page, "I walk with") {
		t.Errorf("nobody is told who waits:\n%s", page)
	}
	if page := site.ask("GET", "/settings/notifications", "", boss).Body.String(); !strings.Contains(page, "New members, and who asks to join") {
		t.Error("where one hears of who waits cannot be chosen")
	}
	if page := site.ask("GET", "/admin", "", boss).Body.String(); !strings.Contains(page, "People waiting to be let in: 3") || !strings.Contains(page, "/admin/first-steps") {
		t.Error("the overview says nothing of who waits")
	}
	if code, _, _ := send("/admin/waiting/dora/approve", boss); code != 303 {
		t.Error(code)
	}
	if w := site.ask("GET", "/@dora", ""); w.Code != 200 {
		t.Errorf("who was let in has no page: %d", w.Code)
	}
	if page := site.ask("GET", "/admin/members/dora", "", boss).Body.String(); !strings.Contains(page, "I walk with &lt;b&gt;you&lt;/b&gt;.") {
		t.Error("the member's page does not say why she wanted to join")
	}
	if code, _, _ := send("/admin/waiting/emil/refuse", boss, "words", "Members of the club only."); code != 303 {
		t.Error(code)
	}
	for path, says := range map[string]string{"dora/refuse": "@boss has already let @dora in.", "emil/approve": "@boss has already refused the sign-up of @emil."} {
		if code, _, body := send("/admin/waiting/"+path, boss, "words", "Another time."); code != 422 || !strings.Contains(body, says) || !strings.Contains(body, "Another time.</blockquote>") {
			t.Errorf("%s, once it is decided: %d %s", path, code, body)
		}
	}
	if code, _, body := send("/admin/waiting/fritz/refuse", boss, "words", strings.Repeat("x", 1001)); code != 422 || !strings.Contains(body, "xxx</textarea>") {
		t.Errorf("many words: %d %s", code, body)
	}
	if _, out, stderr := runCommand(env, "account", "waiting"); !strings.Contains(out, "fritz") || strings.Contains(out, "dora") || strings.Contains(out, "emil") {
		t.Error(out, stderr)
	}
	for _, args := range [][]string{{"account", "approve", "fritz"}, {"invitation", "create", "--note", "by command"}, {"invitation", "list"}} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Error(args, stderr)
		}
	}
	if code, _, stderr := runCommand(env, "account", "refuse", "fritz"); code == 0 {
		t.Error("a member was refused:", stderr)
	}
	if page := site.ask("GET", "/admin/first-steps", "", boss).Body.String(); !strings.Contains(page, `action="/admin/site/picture"`) {
		t.Error("the first steps")
	}
	if code, _, _ := send("/admin/first-steps/close", boss); code != 303 {
		t.Error(code)
	}
	if w := site.ask("GET", "/admin/first-steps", "", boss); w.Code != 200 || strings.Contains(w.Body.String(), "Close this page") {
		t.Errorf("closed first steps: %d", w.Code)
	}
	if page := site.ask("GET", "/admin", "", boss).Body.String(); !strings.Contains(page, `<a href="/admin/first-steps"`) || strings.Contains(page, `<p class="notice"><a href="/admin/first-steps"`) {
		t.Error("the overview does not lead to the closed first steps, or still points at them")
	}
}

// A site whose mail reaches nobody promises none: it invites nobody by mail, and says that people have to be told.
func TestJoiningWithoutMail(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	for _, args := range [][]string{{"account", "role", "boss", "owner"}, {"site", "set", "registration=approval"}} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	site.ask("GET", "/admin/site", "", boss) // reads the row that the command wrote
	if page := site.ask("GET", "/admin/invitations", "", boss).Body.String(); !strings.Contains(page, "This site sends no mail.") || strings.Contains(page, `name="addresses"`) {
		t.Error("the page of invitations offers mail")
	}
	form := url.Values{"addresses": {"a@example.net"}, "idempotency_key": {"k"}}.Encode()
	if w := site.ask("POST", "/admin/invitations/mail", form, boss, "Content-Type: application/x-www-form-urlencoded"); w.Code != 422 || strings.Contains(w.Body.String(), "is invited") {
		t.Errorf("by mail: %d", w.Code)
	}
	list := filepath.Join(t.TempDir(), "addresses")
	if err := os.WriteFile(list, []byte("a@example.net\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := runCommand(env, "invitation", "mail", list); code == 0 || !strings.Contains(stderr, "sends no mail") {
		t.Errorf("by command: %d %s", code, stderr)
	}
	ask := url.Values{"name": {"carl"}, "email": {"carl@example.org"}, "password": {"correct horse battery"}, "agree": {"on"}, "reason": {"I walk with you."}}.Encode()
	if w := site.ask("POST", "/signup", ask, "Content-Type: application/x-www-form-urlencoded"); w.Code != 200 || !strings.Contains(w.Body.String(), "Your sign-up is waiting") || strings.Contains(w.Body.String(), "by mail") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if page := site.ask("GET", "/admin/waiting", "", boss).Body.String(); !strings.Contains(page, "@carl") || !strings.Contains(page, "tell them yourself") || strings.Contains(page, "They go into the mail") {
		t.Error("the page of those who wait promises mail")
	}
}
