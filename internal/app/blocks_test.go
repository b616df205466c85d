package app

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// An administrator keeps out a domain by the page, and a network by the command: the sign-up page and the API say so in
// their own form, and keep what was typed.
func TestBlocksByPageAndCommand(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open"}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	command := func(args ...string) string {
		t.Helper()
		code, out, stderr := runCommand(env, args...)
		if code != 0 {
			t.Fatal(args, stderr)
		}
		return out
	}
	command("account", "role", "boss", "owner")
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
	if code, _, body := send("/admin/blocks", boss, "kind", "domain", "value", "no domain", "note", "kept"); code != 422 || !strings.Contains(body, `value="no domain"`) || !strings.Contains(body, `value="kept"`) {
		t.Errorf("a refused form: %d", code)
	}
	if code, to, body := send("/admin/blocks", boss, "kind", "domain", "value", "Spam.example", "note", "only <spam>"); code != 303 || to != "/admin/blocks?kind=domain" {
		t.Fatalf("%d %s %s", code, to, body)
	}
	page := site.ask("GET", "/admin/blocks", "", boss).Body.String()
	if !strings.Contains(page, "spam.example") || !strings.Contains(page, "only &lt;spam&gt;") || !strings.Contains(page, "@boss") {
		t.Error("the page does not show the block")
	}
	if overview := site.ask("GET", "/admin", "", boss).Body.String(); !strings.Contains(overview, `href="/admin/blocks"`) {
		t.Error("nothing leads to the page")
	}
	code, _, body := send("/signup", "", "name", "eve", "email", "eve@mail.spam.example", "password", "correct horse battery", "agree", "on")
	if code != 422 || !strings.Contains(body, "You cannot join with this address, or from where you are.") || !strings.Contains(body, `value="eve@mail.spam.example"`) {
		t.Errorf("the page: %d %s", code, body)
	}

	var client struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	_, _, body = send("/api/v1/apps", "", "client_name", "Test", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob", "scopes", "read write")
	if err := json.Unmarshal([]byte(body), &client); err != nil {
		t.Fatal(body, err)
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	_, _, body = send("/oauth/token", "", "grant_type", "client_credentials", "client_id", client.ClientID, "client_secret", client.ClientSecret, "scope", "read write")
	if err := json.Unmarshal([]byte(body), &token); err != nil {
		t.Fatal(body, err)
	}
	code, _, body = send("/api/v1/accounts", "Authorization: Bearer "+token.AccessToken, "username", "eve", "email", "eve@spam.example", "password", "correct horse battery", "agreement", "true", "locale", "en")
	if code != 422 || !strings.Contains(body, `"error":"Validation failed: You cannot join`) || !strings.Contains(body, `"details":{"email":[{"error":"ERR_BLOCKED"`) {
		t.Errorf("the API: %d %s", code, body)
	}

	command("block", "add", "range", "203.0.113.0/24", "--note", "a bot farm", "--reason", "spam")
	var list []struct{ ID, Kind, Value, Note, By string }
	if out := command("block", "list", "--json"); json.Unmarshal([]byte(out), &list) != nil || len(list) != 2 || list[0].By != "boss" || list[1].Value != "203.0.113.0/24" || list[1].Note != "a bot farm" || list[1].By != "" {
		t.Errorf("%s", out)
	}
	if out := command("block", "list", "--kind", "range"); !strings.Contains(out, "a bot farm") || strings.Contains(out, "spam.example") {
		t.Errorf("%s", out)
	}
	command("block", "remove", "range", "203.0.113.0/24")
	if code, _, stderr := runCommand(env, "block", "remove", "range", "203.0.113.0/24"); code == 0 || !strings.Contains(stderr, "there is no blocked range") {
		t.Error(stderr)
	}
	if code, _, stderr := runCommand(env, "block", "add", "domain", "no domain"); code == 0 || !strings.Contains(stderr, "such as example.com") {
		t.Error(stderr)
	}
	if code, _, _ := send("/admin/blocks/"+list[0].ID+"/remove", boss, "kind", "domain"); code != 303 {
		t.Errorf("removing: %d", code)
	}
	if code, _, body := send("/signup", "", "name", "eve", "email", "eve@spam.example", "password", "correct horse battery", "agree", "on"); code != 303 {
		t.Errorf("after it was removed: %d %s", code, body)
	}
	if log := site.ask("GET", "/admin/log", "", boss).Body.String(); strings.Count(log, "block.add") < 2 || strings.Count(log, "block.remove") < 2 {
		t.Error("the log lacks acts")
	}
}
