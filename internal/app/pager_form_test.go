package app

import (
	"fmt"
	"html"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Below a form that is shown again, the list leads on to its own next page, not to the address that the form was sent to.
func TestTheListBelowAFormLeadsOn(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "SMTP_URL=smtp://127.0.0.1:9", "MAIL_FROM=club@example.org"}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	if code, _, stderr := runCommand(env, "account", "role", "boss", "owner"); code != 0 {
		t.Fatal(stderr)
	}
	send := func(path string, form url.Values) (int, string) {
		w := site.ask("POST", path, form.Encode(), "Content-Type: application/x-www-form-urlencoded", boss)
		return w.Code, w.Body.String()
	}
	older := regexp.MustCompile(`href="([^"]*max_id=[^"]*)"`)
	leads := func(body, to, shows string) {
		t.Helper()
		found := older.FindStringSubmatch(body)
		if found == nil {
			t.Fatalf("nothing leads on: %s", body)
		}
		at := html.UnescapeString(found[1])
		w := site.ask("GET", at, "", boss)
		if !strings.HasPrefix(at, to) || w.Code != 200 || !strings.Contains(w.Body.String(), shows) {
			t.Errorf("%s: %d, shows %s %v", at, w.Code, shows, strings.Contains(w.Body.String(), shows))
		}
	}

	var addresses []string
	for i := range 50 {
		addresses = append(addresses, fmt.Sprintf("p%d@example.net", i))
		if code, body := send("/admin/blocks", url.Values{"kind": {"word"}, "value": {fmt.Sprintf("word%d", i)}}); code != 303 {
			t.Fatalf("%d %s", code, body)
		}
	}
	code, body := send("/admin/invitations/mail", url.Values{"addresses": {strings.Join(addresses, "\n")}, "idempotency_key": {"k1"}})
	if code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	leads(body, "/admin/invitations?max_id=", "p0@example.net")
	code, body = send("/admin/blocks", url.Values{"kind": {"word"}, "value": {""}})
	if code != 422 {
		t.Fatalf("%d %s", code, body)
	}
	leads(body, "/admin/blocks?kind=word&max_id=", "word0<")
}
