package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// phases are those of the moves of parts, as the program tells them.
func phases(t *testing.T, site *servertest.Instance) map[string]string {
	t.Helper()
	out, stderr, err := site.Command("move", "status", "--json")
	var status struct {
		Moves []struct{ Part, Phase string }
	}
	if err != nil || json.Unmarshal([]byte(out), &status) != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	found := map[string]string{}
	for _, m := range status.Moves {
		found[m.Part] = m.Phase
	}
	return found
}

// atOnce runs commands at the same time, each of which has to say what is wanted of it.
func atOnce(t *testing.T, site *servertest.Instance, wants map[string]string) {
	t.Helper()
	var wg sync.WaitGroup
	for args, want := range wants {
		wg.Go(func() {
			if out, stderr, err := site.Command(strings.Fields(args)...); err != nil || !strings.Contains(out, want) {
				t.Errorf("%s: %v\n%s%s", args, err, out, stderr)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// filesUnder lists the files beneath a folder.
func filesUnder(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Sessions and photos of one process move at the same time while members log in and out and post. Before that both moves
// are begun, killed and taken back, which leaves nothing in either target. The database does not move meanwhile.
func TestSessionsAndPhotosMoveAtOnce(t *testing.T) {
	servertest.OneOf(t, 4, 12) // it takes five minutes, in which it waits more than it works
	dynamo := servertest.DynamoDB(t)
	dir := t.TempDir()
	photos := filepath.Join(dir, "photos")
	site := servertest.NewTintype(t, "AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB="+dynamo.URL, "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any",
		"SESSION_NEXT=dynamodb:sessions", "MEDIA_NEXT=disk:"+photos, "DATABASE_NEXT=sqlite:"+filepath.Join(dir, "next.db"), "API_LIMIT=1000000/5m", "MIGRATE=auto")
	if out, stderr, err := site.Command("setup", "dynamodb"); err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	site.Start()
	ann := servertest.NewClient(t, site.URL).SignUp("ann")
	bob := servertest.NewClient(t, site.URL).SignUpByToken("bob")
	addresses := make(chan string, 1000)
	post := func() error {
		s, err := bob.TryPostPhoto(phototest.JPEG(phototest.Options{Width: 400, Height: 300}), "on the way")
		if err != nil {
			return err
		}
		u, err := url.Parse(s.Media[0].URL)
		if err != nil {
			return err
		}
		addresses <- u.Path
		return nil
	}
	for range 12 { // at one a second, both moves take longer than it takes to find that they have begun
		if err := post(); err != nil {
			t.Fatal(err)
		}
		servertest.NewClient(t, site.URL).LogIn("ann", servertest.Password)
	}

	// Both are begun, killed, and taken back.
	media := site.StartCommand("move", "media", "--rate", "1", "--workers", "1")
	servertest.Within(t, 3*time.Minute, "photos are copied", func() bool { return len(filesUnder(t, photos)) > 0 })
	sessions := site.StartCommand("move", "sessions", "--rate", "1")
	servertest.Within(t, 3*time.Minute, "sessions are as well", func() bool { return phases(t, site)["sessions"] == "reading" })
	sessions.Kill()
	media.Kill()
	atOnce(t, site, map[string]string{"move abort sessions": "The sessions are in sql:, as before.", "move abort media": ", as before."})
	if p := phases(t, site); p["sessions"] != "aborted" || p["media"] != "aborted" {
		t.Errorf("taken back, they are %v", p)
	}
	if left := filesUnder(t, photos); len(left) > 0 {
		t.Errorf("taken back, %v are left", left)
	}
	for _, part := range []string{"sessions", "media"} {
		if out, stderr, err := site.Command("move", part, "--dry-run"); err != nil || !strings.Contains(out, "Nothing was begun.") || strings.Count(out, "\n") > 12 {
			t.Errorf("%v: %s%s", err, out, stderr)
		}
	}
	ann.LoggedIn("ann")
	if err := post(); err != nil {
		t.Error(err)
	}

	// Both move while members are at work.
	quit := make(chan struct{})
	var working sync.WaitGroup
	work := func(every time.Duration, do func() error) {
		working.Go(func() {
			for {
				select {
				case <-quit:
					return
				case <-time.After(every):
				}
				if err := do(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	left := make(chan []*http.Cookie, 1000)
	stays := func(c *servertest.Client, want bool) error {
		a := c.Try(servertest.Read("/settings"))
		if in := a.Err == nil && a.Status == http.StatusOK && a.URL.Path != "/login"; a.Err != nil || in != want {
			return fmt.Errorf("logged in %v, want %v: %d %v", in, want, a.Status, a.Err)
		}
		return nil
	}
	work(50*time.Millisecond, func() error { return stays(ann, true) })
	work(500*time.Millisecond, func() error { return post() })
	servertest.NewClient(t, site.URL).SignUp("carl")
	work(300*time.Millisecond, func() error {
		c := servertest.NewClient(t, site.URL)
		if a := c.Try(servertest.Form("/login", "name", "carl", "password", servertest.Password)); a.Err != nil || a.URL.Path == "/login" {
			return fmt.Errorf("log in: %d %v", a.Status, a.Err)
		}
		left <- c.Cookies()
		_, err := c.Must(http.StatusOK, servertest.Form("/logout"))
		return err
	})
	sessions, media = site.StartCommand("move", "sessions"), site.StartCommand("move", "media")
	servertest.Within(t, 3*time.Minute, "both have begun again", func() bool {
		p := phases(t, site)
		return p["sessions"] != "aborted" && p["media"] != "aborted" || t.Failed()
	})
	for _, args := range [][]string{{"move", "database"}, {"move", "database", "--dry-run"}} {
		out, stderr, err := site.Command(args...)
		if said := out + stderr; err == nil || !strings.Contains(said, "the sessions of the site are being moved") || !strings.Contains(said, "the photos of the site are being moved") {
			t.Errorf("%v: %v: %s", args, err, said)
		}
	}
	for command, want := range map[*servertest.RunningCommand]string{sessions: "The sessions are in dynamodb:sessions", media: "The photos are in disk:" + photos} {
		if out, err := command.Wait(); err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: %s", err, out)
		}
	}
	n := len(left) + len(addresses)
	servertest.Within(t, time.Minute, "members go on", func() bool { return len(left)+len(addresses) > n+3 || t.Failed() })
	close(quit)
	working.Wait()
	if p := phases(t, site); p["sessions"] != "moved" || p["media"] != "moved" {
		t.Errorf("they are %v", p)
	}
	atOnce(t, site, map[string]string{"move finish sessions": "and sql: is empty", "move finish media": "is finished"})

	ann.LoggedIn("ann")
	close(left)
	for cookies := range left {
		c := servertest.NewClient(t, site.URL)
		c.Bring(cookies)
		if err := stays(c, false); err != nil {
			t.Error("who has logged out: ", err)
		}
	}
	close(addresses)
	reader := servertest.NewClient(t, site.URL)
	n = 0
	for a := range addresses {
		reader.Get(a).Want(http.StatusOK)
		n++
	}
	if files := filesUnder(t, photos); len(files) < 2*n {
		t.Errorf("%d photos have %d files", n, len(files))
	}
	if out, stderr, err := site.Command("media", "check", "--read"); err != nil || !strings.Contains(out, "0 missing, 0 wrong.") {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	// The database is free to move.
	if out, stderr, err := site.Command("move", "database", "--dry-run"); err != nil || !strings.Contains(out, "Nothing was begun.") {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
}
