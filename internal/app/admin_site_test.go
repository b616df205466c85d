package app

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// What an administrator changes at /admin/site, the pages that were kept for visitors, the API and the manifest show at
// once; a command changes the same. A field of the environment says which variable it is.
func TestSiteIsEditedByPageAndCommand(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SITE_DESCRIPTION=Of the environment."}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	if code, _, stderr := runCommand(env, "account", "role", "boss", "owner"); code != 0 {
		t.Fatal(stderr)
	}
	shows := func(what string, paths ...string) {
		t.Helper()
		for _, path := range paths {
			if w := site.ask("GET", path, ""); w.Code != 200 || !strings.Contains(w.Body.String(), what) {
				t.Errorf("%s does not show %q: %d", path, what, w.Code)
			}
		}
	}
	everywhere := []string{"/", "/about", "/manifest.webmanifest", "/api/v1/instance", "/api/v2/instance", "/nodeinfo/2.0", "/api/openapi.json", "/login"}
	shows("Tintype", everywhere...)
	form := site.ask("GET", "/admin/site", "", boss).Body.String()
	if !strings.Contains(form, "This is set by SITE_DESCRIPTION in the environment.") || strings.Contains(form, `name="description"`) {
		t.Error("the form does not say what the environment decides")
	}
	send := func(fields ...string) (int, string) {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			v.Set(fields[i], fields[i+1])
		}
		w := site.ask("POST", "/admin/site", v.Encode(), boss, "Content-Type: application/x-www-form-urlencoded")
		return w.Code, w.Body.String()
	}
	if code, body := send("name", "Harbour club", "was_name", "Tintype", "preview", "on"); code != 200 || !strings.Contains(body, "Nothing is saved yet.") || !strings.Contains(body, `class="site-name">Harbour club<`) {
		t.Errorf("the preview: %d", code)
	}
	for state, says := range map[string]string{
		"closed": "The site takes no new members.", "invitation": "Administrators give out invitations.", "approval": "Anybody may ask and say why; moderators decide.", "open": "Whoever fills in the form becomes a member.",
	} {
		_, body := send("registration", state, "preview", "on")
		_, preview, _ := strings.Cut(body, `id="site-preview"`)
		preview, _, _ = strings.Cut(preview, "</section>")
		if !strings.Contains(preview, says) {
			t.Errorf("the preview of %s does not say %q:\n%s", state, says, preview)
		}
	}
	shows("Tintype", "/about", "/api/v1/instance")
	if code, body := send("name", "", "was_name", "Tintype", "rules", "My own rule", "was_rules", ""); code != 422 || !strings.Contains(body, "A site needs a name.") || !strings.Contains(body, "My own rule") {
		t.Errorf("a refused form: %d", code)
	}
	if code, body := send("name", "Harbour club", "was_name", "Tintype", "rules", "Be kind.\r\nNo <b>spam</b>.", "was_rules", "x", "contact", "us@example.org", "was_contact", "", "reason", "the board", "description", "Forged"); code != 303 {
		t.Fatalf("%d %s", code, body)
	}
	shows("Harbour club", everywhere...)
	shows("No &lt;b&gt;spam&lt;/b&gt;.", "/rules", "/signup")
	shows(`"text":"Be kind."`, "/api/v1/instance/rules", "/api/v2/instance")
	shows("us@example.org", "/contact", "/api/v1/instance", "/.well-known/security.txt")
	shows("Of the environment.", "/about")

	// A form that somebody opened before changes only what is changed in it.
	if code, _ := send("name", "Tintype", "was_name", "Tintype", "contact", "you@example.org", "was_contact", ""); code != 303 {
		t.Error(code)
	}
	shows("Harbour club", "/about")
	shows("you@example.org", "/contact")

	for _, args := range [][]string{
		{"site", "set", "name=By command", "registration=open", "--reason", "for the test"}, {"site", "reset", "contact"},
	} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	if code, out, _ := runCommand(env, "site", "get", "name"); code != 0 || out != "By command\n" {
		t.Errorf("%d %q", code, out)
	}
	if _, out, _ := runCommand(env, "site", "get"); !strings.Contains(out, "SITE_DESCRIPTION") || !strings.Contains(out, "By command") {
		t.Error(out)
	}
	for _, args := range [][]string{{"site", "set", "description=x"}, {"site", "set", "colour=red"}, {"site", "set", "name"}, {"site", "get", "colour"}, {"site", "picture"}} {
		if code, _, stderr := runCommand(env, args...); code == 0 || stderr == "" {
			t.Error(args, "worked")
		}
	}
	servertest.Eventually(t, "the change by command", func() bool { return strings.Contains(site.ask("GET", "/about", "").Body.String(), "By command") })
	log := site.ask("GET", "/admin/log?act=site.edit", "", boss).Body.String()
	for _, want := range []string{"name: Harbour club; rules: changed; contact: us@example.org", "the board", "name: By command; registration: open", "for the test", "@boss", "command line"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q", want)
		}
	}

	// Members-only at once: not a page that was kept before, and not a number.
	shows("Explore", "/explore")
	if code, _ := send("visitors", "none", "was_visitors", "read", "registration", "invitation", "was_registration", "open", "password", "correct horse battery"); code != 303 {
		t.Fatal(code)
	}
	for _, path := range []string{"/explore", "/about", "/api/v1/timelines/public"} {
		if w := site.ask("GET", path, ""); w.Code == 200 && !strings.Contains(w.Body.String(), "Log in") {
			t.Errorf("%s answers visitors: %d", path, w.Code)
		}
	}
	if w := site.ask("GET", "/api/v1/instance", ""); !strings.Contains(w.Body.String(), `"user_count":0`) || !strings.Contains(w.Body.String(), `"registrations":false`) {
		t.Error(w.Body)
	}
	if w := site.ask("GET", "/robots.txt", ""); !strings.Contains(w.Body.String(), "Disallow: /\n") {
		t.Error(w.Body)
	}
}

// TestSitePictureIsLogged: the form of the site's picture has a reason as others have, and keeps it where it is refused.
func TestSitePictureIsLogged(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	if code, _, stderr := runCommand(env, "account", "role", "boss", "owner"); code != 0 {
		t.Fatal(stderr)
	}
	send := func(reason string, file []byte) (int, string) {
		t.Helper()
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		f, err := m.CreateFormField("picture_reason")
		if err == nil {
			_, err = f.Write([]byte(reason))
		}
		if err == nil {
			f, err = m.CreateFormFile("picture", "a.jpg")
		}
		if err == nil {
			_, err = f.Write(file)
		}
		if err = errors.Join(err, m.Close()); err != nil {
			t.Fatal(err)
		}
		w := site.ask("POST", "/admin/site/picture", body.String(), boss, "Content-Type: "+m.FormDataContentType())
		return w.Code, w.Body.String()
	}
	photo := phototest.JPEG(phototest.Options{Width: 300, Height: 200})
	for what, refused := range map[string]struct {
		reason string
		file   []byte
		says   string
	}{
		"a text":      {"voted for", []byte("no photograph"), `value="voted for"`},
		"many words":  {strings.Repeat("x", 1001), photo, "the limit is 1000"},
		"many more":   {strings.Repeat("x", 9000), photo, "the limit is 1000"},
		"no file yet": {"voted for", nil, `value="voted for"`},
	} {
		if code, body := send(refused.reason, refused.file); code != 422 || !strings.Contains(body, refused.says) {
			t.Errorf("%s: %d without %q", what, code, refused.says)
		}
	}
	if code, body := send("the winter's winner", photo); code != 303 {
		t.Fatal(code, body)
	}
	log := site.ask("GET", "/admin/log", "", boss).Body.String()
	if !strings.Contains(log, "the winter&#39;s winner") || strings.Contains(log, "voted for") {
		t.Error("the log does not say why the picture was changed")
	}
}
