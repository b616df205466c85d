package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// DATABASE_NEXT alone changes nothing, also where nobody answers there: the site starts and serves. The log, `move status`
// and the doctor say so.
func TestStartsWithoutThePlaceToMoveTo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	for name, address := range map[string]string{"refuses": dead.Addr().String(), "hangs": l.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := servertest.NewTintype(t, "DATABASE_NEXT=mysql://u:secret@"+address+"/next", "MIGRATE=auto")
			site.Start()
			servertest.NewClient(t, site.URL).SignUp("ann").LoggedIn("ann")
			if logs := site.Logs(); !strings.Contains(logs, "one of DATABASE_URL and DATABASE_NEXT cannot be opened") || strings.Contains(logs, "secret") {
				t.Errorf("the log: %s", logs)
			}
			out, stderr, err := site.Command("move", "status")
			if err != nil || !strings.Contains(out, "takes part in no move") || !strings.Contains(out, "mysql://"+address+"/next does not answer") {
				t.Errorf("move status: %v: %s%s", err, out, stderr)
			}
			if out, stderr, err := site.Command("doctor"); err != nil || !strings.Contains(out, "DATABASE_NEXT: the database was not opened") {
				t.Errorf("doctor: %v: %s%s", err, out, stderr)
			}
			if out, stderr, err := site.Command("ladder"); err != nil {
				t.Errorf("ladder: %v: %s%s", err, out, stderr)
			}
			if err := site.Stop(); err != nil {
				t.Fatal(err)
			}
			site.Start()
		})
	}
}

// On the day of a way back the site starts while the place that it has left is away, whichever way the settings name the
// two: the one that it is in says that it has taken the site over from the other. Once it does not say so any more, nobody
// knows, and the process says that and serves nothing.
func TestStartsWithoutThePlaceThatItHasLeft(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) (folder, url string) {
		folder = filepath.Join(dir, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		return folder, "sqlite:" + filepath.Join(folder, "tintype.db")
	}
	left, from := file("old")
	_, to := file("new")
	site := servertest.NewTintype(t, "DATABASE_URL="+from, "DATABASE_NEXT="+to, "MIGRATE=auto")
	site.Start()
	servertest.NewClient(t, site.URL).SignUp("ann")
	if out, stderr, err := site.Command("move", "database", "--way-back=2h"); err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	stop := func() {
		t.Helper()
		if err := site.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	lives := func(bringBack bool) {
		t.Helper()
		site.Start()
		ann := servertest.NewClient(t, site.URL)
		ann.LogIn("ann", servertest.Password).Want(http.StatusOK)
		if bringBack {
			if err := errors.Join(os.Remove(left), os.Rename(left+" away", left)); err != nil {
				t.Fatal(err)
			}
			servertest.Eventually(t, "the old database is kept up again", func() bool {
				w := wayBackOf(t, site)
				return w != nil && w.Ended == "" && w.Behind == 0 && w.Replayed > 0
			})
		}
		ann.LoggedIn("ann")
	}
	away := func() {
		t.Helper()
		stop()
		if err := errors.Join(os.Rename(left, left+" away"), os.WriteFile(left, nil, 0o600)); err != nil { // or it is made anew
			t.Fatal(err)
		}
	}
	away()
	lives(true)
	away()
	site.Set("DATABASE_URL="+to, "DATABASE_NEXT="+from)
	lives(true)

	// The file alone is lost: an empty one must not become the site.
	stop()
	site.Set("DATABASE_URL="+from, "DATABASE_NEXT="+to)
	names, err := filepath.Glob(filepath.Join(left, "tintype.db*"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		lives(false)
		stop()
	}

	// The new one does not name the old one any more.
	if err := errors.Join(os.RemoveAll(left), os.WriteFile(left, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if out, stderr, err := site.Command("move", "finish", "database", "--force="+from); err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	site.StartOnly()
	if err := site.Wait(time.Minute); err == nil || !strings.Contains(site.Logs(), "nobody knows where the site is") {
		t.Errorf("it starts: %v", err)
	}
}

// The same of a server that hangs, and does not refuse.
func TestStartsWhileTheServerThatItHasLeftHangs(t *testing.T) {
	server := servertest.AnyFlavour(t).Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	proxy := servertest.NewProxy(t, server.Port)
	from, err := url.Parse(server.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	from.Host = fmt.Sprintf("127.0.0.1:%d", proxy.Port)
	site := servertest.NewTintype(t, "DATABASE_URL="+from.String(), "DATABASE_NEXT=sqlite:"+filepath.Join(t.TempDir(), "new.db"), "MIGRATE=auto")
	site.Start()
	servertest.NewClient(t, site.URL).SignUp("ann")
	if out, stderr, err := site.Command("move", "database", "--way-back=2h"); err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	proxy.Silence()
	site.Start()
	servertest.NewClient(t, site.URL).LogIn("ann", servertest.Password).Want(http.StatusOK)
	proxy.Resume()
	servertest.Eventually(t, "the old database is kept up again", func() bool {
		w := wayBackOf(t, site)
		return w != nil && w.Ended == "" && w.Behind == 0 && w.Replayed > 0
	})
}
