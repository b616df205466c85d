package app

import (
	"encoding/json"
	"mime/multipart"
	"net/url"
	"path/filepath"
	"regexp"
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

// What cannot wait for a moderator is refused with the form as it was typed: the sentence stands at the field and names the word.
func TestBlockedWordsInForms(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	boss, anna := memberOf(t, site, "boss"), memberOf(t, site, "anna")
	for _, args := range [][]string{{"account", "role", "boss", "owner"}, {"announcement", "add", "We walk."}} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	send := func(cookie, path string, fields ...string) (int, string) {
		v := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			v.Set(fields[i], fields[i+1])
		}
		w := site.ask("POST", path, v.Encode(), "Content-Type: application/x-www-form-urlencoded", cookie)
		return w.Code, w.Body.String()
	}
	if code, body := send(boss, "/admin/blocks", "kind", "word", "value", "Casino"); code != 303 {
		t.Fatal(code, body)
	}
	profile := func(cookie string) (int, string) {
		var body strings.Builder
		form := multipart.NewWriter(&body)
		for _, f := range [][2]string{{"display_name", "Anna of the Casino"}, {"bio", "typed & kept"}, {"field_name_1", "work"}, {"field_value_1", "casino"}} {
			if err := form.WriteField(f[0], f[1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		w := site.ask("POST", "/settings/profile", body.String(), "Content-Type: "+form.FormDataContentType(), cookie)
		return w.Code, w.Body.String()
	}
	has := func(what string, code int, body string, all ...string) {
		t.Helper()
		if code != 422 {
			t.Errorf("%s: %d", what, code)
		}
		for _, want := range append(all, "That has the word “casino”, which is not allowed here.") {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", what, want)
			}
		}
	}
	code, body := profile(anna)
	has("the profile", code, body, `id="e-display_name"`, `value="Anna of the Casino"`, ">typed &amp; kept</textarea>", `id="e-fields"`, `value="casino"`)
	if code, body := profile(boss); code != 303 {
		t.Errorf("the owner’s profile: %d %s", code, body)
	}
	code, body = send(anna, "/albums", "title", "At the casino", "description", "typed & kept", "visibility", "public", "adders", "owner", "ordering", "hand")
	has("the album", code, body, `id="e-title"`, `value="At the casino"`, ">typed &amp; kept</textarea>")
	if strings.Contains(body, `id="e-description"`) {
		t.Error("the album’s text is refused, too")
	}
	at := regexp.MustCompile(`/announcements/\d+`).FindString(site.ask("GET", "/announcements", "", anna).Body.String())
	code, body = send(anna, at+"/comments", "text", "To the casino & back?")
	has("the comment", code, body, `id="e-text"`, ">To the casino &amp; back?</textarea>")
}
