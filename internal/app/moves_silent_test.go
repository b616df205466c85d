package app

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// One of the two databases may take connections and say nothing. The commands about moves end all the same, with what the
// other one knows.
func TestMovesWithASilentDatabase(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	data := "DATA_DIR=" + filepath.Join(dir, "data")
	site, _ := wired(t, data)
	site.close()
	env := []string{data, "DATABASE_NEXT=mysql://u:p@" + l.Addr().String() + "/x", "MEDIA_NEXT=disk:" + filepath.Join(dir, "photos")}
	commands := map[string][]string{
		"does not answer":      {"move", "status"},
		"Everything is ready.": {"move", "media", "--dry-run"},
	}
	type result struct {
		want, args, out, stderr string
		code                    int
	}
	ended := make(chan result, len(commands))
	for want, args := range commands {
		go func() {
			code, out, stderr := runCommand(env, args...)
			ended <- result{want, strings.Join(args, " "), out, stderr, code}
		}()
	}
	for range commands {
		select {
		case r := <-ended:
			if r.code != 0 || !strings.Contains(r.out, r.want) {
				t.Errorf("%s: %d %s%s", r.args, r.code, r.out, r.stderr)
			}
		case <-time.After(3 * time.Minute):
			t.Fatal("a command does not end")
		}
	}
}

// The page says so, and what the process itself knows; the site goes on.
func TestMovesPageWithASilentDatabase(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := filepath.Join(t.TempDir(), "data")
	env := []string{"DATA_DIR=" + data, "DATABASE_NEXT=mysql://u:hunter2@" + l.Addr().String() + "/x"}
	site, _ := wired(t, env...)
	root := memberOf(t, site, "boss")
	if code, _, stderr := runCommand(env, "account", "promote", "boss"); code != 0 {
		t.Fatal(stderr)
	}
	w := site.ask("GET", "/admin/moves", "", root)
	for try := 0; w.Code == 503 && try < 5; try++ { // of a busy machine
		w = site.ask("GET", "/admin/moves", "", root)
	}
	for _, want := range []string{"did not say how far the move is", "see that both answer", "sqlite:" + filepath.Join(data, "tintype.db") + ", as far as this process knows", "What went wrong"} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d, no %q in\n%s", w.Code, want, w.Body)
		}
	}
	if again := w.Header().Get("Refresh"); again != "" || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("it comes again after %q: %s", again, w.Body)
	}
}
