package api_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// Debian's toot against the real program: it logs in out of band, posts a photo, reads, answers and deletes.
func TestToot(t *testing.T) {
	toot := servertest.Tool(t, "toot", "Debian package toot")
	program := servertest.Tintype(t, "REGISTRATION=open")
	home := t.TempDir()
	run := func(input string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), toot, args...)
		cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+home, "HOME="+home, "NO_PROXY=*")
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("Traceback")) {
			t.Fatalf("toot %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	wants := func(out string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(out, text) {
				t.Errorf("no %q in\n%s", text, out)
			}
		}
	}

	login(t, toot, home, program)
	wants(run("", "whoami"), "@anna", "Since:")
	photo := filepath.Join(home, "hill.jpg")
	if err := os.WriteFile(photo, phototest.JPEG(phototest.Options{Orientation: 6, GPS: true}), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run("", "post", "--no-color", "A hill #alps", "--media", photo, "--description", "A hill in fog", "--spoiler-text", "heights")
	m := regexp.MustCompile(regexp.QuoteMeta(program.URL) + `/@anna/(\d+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("posted nowhere: %s", out)
	}
	wants(run("", "timeline", "--no-color"), "A hill #alps", "@anna", m[1])
	wants(run("", "timeline", "--no-color", "--public", "--local"), "A hill #alps", "/media/pub/")
	wants(run("", "timeline", "--no-color", "--tag", "Alps"), "A hill #alps")
	run("", "post", "Well said", "--reply-to", m[1])
	wants(run("", "thread", "--no-color", m[1]), "A hill #alps", "Well said")
	run("", "favourite", m[1])
	wants(run("", "search", "--no-color", "anna"), "@anna")
	wants(run("", "search", "--no-color", "#alps"), "alps")
	run("", "notifications")
	wants(run("", "instance", "--no-color", "--disable-https"), "compatible; Tintype")
	run("", "delete", m[1])
	if out := run("", "timeline", "--no-color"); strings.Contains(out, "A hill") {
		t.Errorf("a deleted post is still there: %s", out)
	}
	run("", "logout", "anna@"+strings.TrimPrefix(program.URL, "http://"))
}

// Mastodon.py takes ids for numbers and makes them out of dates, and parses every answer it gets.
func TestMastodonPy(t *testing.T) {
	python := servertest.Tool(t, "/usr/bin/python3", "Debian package python3-mastodon")
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import mastodon").CombinedOutput(); err != nil {
		servertest.Tool(t, "python3-mastodon", "Debian package python3-mastodon")
		t.Fatalf("%v: %s", err, out)
	}
	program := servertest.Tintype(t, "REGISTRATION=open")
	photo := filepath.Join(t.TempDir(), "hill.jpg")
	if err := os.WriteFile(photo, phototest.JPEG(phototest.Options{}), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/client.py", program.URL, photo)
	cmd.Env = append(os.Environ(), "PYTHONUNBUFFERED=1", "NO_PROXY=*")
	if said := converse(t, cmd, program, ""); !strings.HasSuffix(said, "done\n") {
		t.Fatalf("Mastodon.py:\n%s", said)
	}
}

// login has toot log a new member in: toot shows an address, the member allows it there and pastes the code.
func login(t *testing.T, toot, home string, program *servertest.Instance) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), toot, "login", "--disable-https", "--instance", strings.TrimPrefix(program.URL, "http://"))
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+home, "HOME="+home, "PYTHONUNBUFFERED=1", "NO_PROXY=*")
	if said := converse(t, cmd, program, "n\n"); !strings.Contains(said, "Successfully logged in") {
		t.Fatalf("toot login:\n%s", said)
	}
}

// converse runs a client that shows the address where a member allows it and reads the code, after before, from its
// standard input. It returns what the client said.
func converse(t *testing.T, cmd *exec.Cmd, program *servertest.Instance, before string) string {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if address, ok := strings.CutPrefix(lines.Text(), program.URL+"/oauth/authorize"); ok {
			if _, err := io.WriteString(in, before+allow(t, program, address)+"\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, said.String())
	}
	return said.String()
}

var shownCode = regexp.MustCompile(`id="code">([^<]+)<`)

// allow makes the member anna and has her allow, on the site's own pages, what the address asks for.
func allow(t *testing.T, program *servertest.Instance, address string) (code string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	send := func(method, path string, form url.Values) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, program.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", program.URL)
		}
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d %v\n%s", method, path, answer.StatusCode, err, body)
		}
		return string(body)
	}
	send("POST", "/signup", url.Values{"name": {"anna"}, "email": {"anna@tintype.test"}, "password": {password}, "agree": {"on"}})
	if page := send("GET", "/oauth/authorize"+address, nil); !strings.Contains(page, "client_id") {
		t.Fatalf("nothing to allow:\n%s", page)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	form := u.Query()
	form.Set("decision", "allow")
	m := shownCode.FindStringSubmatch(send("POST", "/oauth/authorize", form))
	if m == nil {
		t.Fatal("no code is shown")
	}
	return m[1]
}
