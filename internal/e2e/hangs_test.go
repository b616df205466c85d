package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// took is how long an answer took.
func took(ask func() servertest.Answer) (servertest.Answer, time.Duration) {
	begin := time.Now()
	a := ask()
	return a, time.Since(begin)
}

// within is a bound of R44 with what a machine may add that does much else. TEST_ALL=1, which wants a machine of its own,
// adds nothing.
func within(bound time.Duration) time.Duration {
	if servertest.All() {
		return bound
	}
	return bound + 2*time.Second
}

// R44: another program holds the lock of the database's file. Reads go on, and each write hears within three seconds that
// it cannot be now, whatever it is made of.
func TestAForeignLock(t *testing.T) {
	i := servertest.Tintype(t)
	anna, bert := servertest.NewClient(t, i.URL).SignUp("anna"), servertest.NewClient(t, i.URL).SignUp("bert")
	post := anna.PublishPhoto(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1}), "visibility", "public", "caption", "A photo").URL.Path
	id := filepath.Base(post)
	// What bert reads is written down by the way: that he was here, the first time today, and that he saw what is new.
	anna.Post("/@bert/follow").Want(http.StatusOK)
	app := bert.WithToken(bert.NewToken())
	anna.Stay, bert.Stay = true, true

	db, err := sql.Open("sqlite", filepath.Join(i.DataDir, "tintype.db")+"?_pragma=busy_timeout(10000)") // jobs may write
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lock, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()

	keys := 0
	comment := func(text string) servertest.Request {
		keys++
		return servertest.Form("/posts/"+id+"/comments", "text", text, "idempotency_key", fmt.Sprint("key", keys))
	}
	writes := []servertest.Request{
		comment("lost"),
		servertest.Form("/posts/" + id + "/like"),
		servertest.Form("/login", "name", "anna", "password", servertest.Password),
		servertest.Form("/settings/posting", "visibility", "followers", "licence", "cc-by-4.0"),
		servertest.Form("/logout"),
	}
	type read struct {
		who  *servertest.Client
		path string
	}
	reads := []read{{bert, "/"}, {bert, "/notifications"}, {app, "/api/v1/timelines/home"}, {app, "/api/v1/notifications"}, {bert, post}, {bert, "/@anna"}, {bert, "/settings"}, {bert, "/notifications"}}
	var free time.Duration // the longest that a write takes without the lock
	for _, q := range []servertest.Request{comment("before"), comment("before again")} {
		a, d := took(func() servertest.Answer { return bert.Do(q) })
		if a.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", q.Path, a.Status, a.Text())
		}
		free = max(free, d)
	}
	for _, table := range []string{"sessions", "access_tokens"} {
		if _, err := lock.ExecContext(ctx, "UPDATE "+table+" SET used_at = used_at - ?", 25*time.Hour.Milliseconds()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lock.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	locked := time.Now()
	for n, r := range append(reads, reads...) {
		most := 1500 * time.Millisecond
		if n >= len(reads) {
			time.Sleep(time.Until(locked.Add(time.Second))) // time itself is the point: the bound is that after the first second
			most = 100 * time.Millisecond
		}
		a, d := took(func() servertest.Answer { return r.who.Get(r.path) })
		t.Logf("%s took %v", r.path, d.Round(time.Millisecond))
		if a.Status != http.StatusOK || d-free > within(most) {
			t.Errorf("%s: %d after %v", r.path, a.Status, d)
		}
	}
	for _, q := range writes {
		a, d := took(func() servertest.Answer { return bert.Do(q) })
		if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d, Retry-After %q", q.Path, a.Status, a.Header.Get("Retry-After"))
		}
		if d-free > within(3*time.Second) {
			t.Errorf("%s took %v, and %v without the lock", q.Path, d, free)
		}
	}
	// Many at once wait no longer than one.
	longest := make(chan time.Duration, 20)
	for range cap(longest) {
		q := comment("lost")
		go func() {
			_, d := took(func() servertest.Answer { return bert.Try(q) })
			longest <- d
		}()
	}
	for range cap(longest) {
		if d := <-longest; d-free > within(4*time.Second) { // they meet each other, too
			t.Errorf("one of many writes took %v", d)
		}
	}
	if _, err := lock.ExecContext(ctx, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	a, d := took(func() servertest.Answer { return bert.Do(comment("kept")) })
	if a.Status != http.StatusSeeOther || d-free > within(2*time.Second) {
		t.Errorf("afterwards: %d after %v", a.Status, d)
	}
	if page := bert.Get(post); !page.Holds("kept") || page.Holds("lost") {
		t.Errorf("afterwards the page says %s", page.Text())
	}
}

// A disk that can be made to hang: what is written to it waits in the system until it goes on.
type hangingDisk struct {
	t   *testing.T
	dir string
}

// newHangingDisk mounts a file system of its own, which takes root.
func newHangingDisk(t *testing.T) *hangingDisk {
	t.Helper()
	d := &hangingDisk{t, t.TempDir()}
	image := filepath.Join(t.TempDir(), "image")
	for _, command := range [][]string{
		{"truncate", "-s", "96M", image},
		{"mkfs.ext4", "-q", image},
		{"mount", "-o", "loop", image, d.dir},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			servertest.Without(t, "mount", fmt.Sprintf("cannot mount a disk that hangs (run as root, with e2fsprogs and loop devices): %s: %v %s", command[0], err, out))
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", d.dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return d
}

// hang has the disk hang until the returned function is called, or the test's end.
func (d *hangingDisk) hang() (goOn func()) {
	d.t.Helper()
	freeze := func(how string) {
		if out, err := exec.Command("fsfreeze", how, d.dir).CombinedOutput(); err != nil {
			d.t.Errorf("fsfreeze %s: %s", how, out)
		}
	}
	freeze("-f")
	goOn = sync.OnceFunc(func() { freeze("-u") })
	d.t.Cleanup(goOn)
	return goOn
}

// hangReads has what the instance reads from the disk hang until the returned function is called, or the test's end: a byte
// a second is what it gets. What is in memory is dropped before.
func (d *hangingDisk) hangReads(i *servertest.Instance) (goOn func()) {
	d.t.Helper()
	const groups = "/sys/fs/cgroup/blkio"
	group := filepath.Join(groups, fmt.Sprintf("tintype-test-%d", i.PID()))
	if err := os.Mkdir(group, 0o755); err != nil {
		servertest.Without(d.t, "blkio", "cannot have reads of a disk hang (run as root, with "+groups+"): "+err.Error())
	}
	var info syscall.Stat_t
	if err := syscall.Stat(d.dir, &info); err != nil {
		d.t.Fatal(err)
	}
	tell := func(file, text string) {
		d.t.Helper()
		if err := os.WriteFile(filepath.Join(group, file), []byte(text), 0o644); err != nil {
			d.t.Errorf("%s: %v", file, err)
		}
	}
	limit := func(bytes int) {
		tell("blkio.throttle.read_bps_device", fmt.Sprintf("%d:%d %d", info.Dev>>8&0xfff, info.Dev&0xff, bytes))
	}
	d.t.Cleanup(func() {
		i.Kill()
		if err := os.Remove(group); err != nil {
			d.t.Error(err)
		}
	})
	tell("cgroup.procs", fmt.Sprint(i.PID()))
	files, err := filepath.Glob(filepath.Join(i.DataDir, "tintype.db*"))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range files {
		for _, command := range [][]string{{"sync", file}, {"dd", "if=" + file, "iflag=nocache", "count=0", "status=none"}} {
			if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
				d.t.Fatalf("%v: %v %s", command, err, out)
			}
		}
	}
	limit(1)
	goOn = sync.OnceFunc(func() { limit(0) })
	d.t.Cleanup(goOn)
	return goOn
}

// R44: the disk hangs under whoever reads what is not in memory. The first hears so in a second, the next ones at once,
// however many there are, and all is well when it goes on.
func TestTheDiskHangsUnderReaders(t *testing.T) {
	disk := newHangingDisk(t)
	i := servertest.Tintype(t, "DATA_DIR="+filepath.Join(disk.dir, "data"))
	t.Cleanup(i.Kill) // before the disk goes
	anna := servertest.NewClient(t, i.URL).SignUp("anna")
	post := anna.PublishPhoto(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1}), "visibility", "public", "caption", "A photo").URL.Path
	anna.Stay = true
	if err := i.Stop(); err != nil { // with all that it has in memory
		t.Fatal(err)
	}
	i.Start()
	var free time.Duration
	for range 3 {
		_, d := took(func() servertest.Answer { return servertest.NewClient(t, i.URL).Try(servertest.Read("/about")) })
		free = max(free, d)
	}
	goOn := disk.hangReads(i)
	paths := []string{post, "/@anna", "/explore", "/@anna/followers", "/tags/none", "/settings", "/notifications"}
	slowest, refused := time.Duration(0), 0
	for n := range 3 * len(paths) {
		path := paths[n%len(paths)]
		who := anna
		if n%2 == 0 {
			who = servertest.NewClient(t, i.URL)
		}
		a, d := took(func() servertest.Answer { return who.Try(servertest.Read(path)) })
		if a.Status == http.StatusServiceUnavailable {
			refused++
		}
		if a.Err != nil || a.Status >= 500 && (a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "") {
			t.Errorf("%s: %d, Retry-After %q, %v", path, a.Status, a.Header.Get("Retry-After"), a.Err)
		}
		slowest = max(slowest, d-free)
		if n > 0 && d-free > within(500*time.Millisecond) {
			t.Errorf("later: %s took %v", path, d)
		}
	}
	if refused == 0 {
		t.Error("nothing that was read was hung")
	}
	t.Logf("the slowest took %v, %d were refused", slowest.Round(time.Millisecond), refused)
	if slowest > within(1500*time.Millisecond) {
		t.Errorf("the first took %v", slowest)
	}
	longest := make(chan time.Duration, 30)
	for n := range cap(longest) {
		go func() {
			_, d := took(func() servertest.Answer { return anna.Try(servertest.Read(paths[n%len(paths)])) })
			longest <- d
		}()
	}
	for range cap(longest) {
		if d := <-longest; d-free > within(1500*time.Millisecond) {
			t.Errorf("one of many took %v", d)
		}
	}
	goOn()
	servertest.Eventually(t, "all is well", func() bool {
		return anna.Get("/settings").Status == http.StatusOK && anna.Get(post).Holds("A photo") &&
			anna.Do(servertest.Form("/posts/"+filepath.Base(post)+"/like")).Status == http.StatusSeeOther
	})
}

// R44: the disk of a laptop's site hangs. Whoever writes hears so within three seconds, and whoever comes next at once;
// reads go on.
func TestTheDiskHangs(t *testing.T) {
	picture := phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1})
	for _, c := range []struct {
		name     string
		settings func(dir string) []string
		all      bool // the database is on it as well
	}{
		{"with the database", func(dir string) []string { return []string{"DATA_DIR=" + filepath.Join(dir, "data")} }, true},
		{"with the photos alone", func(dir string) []string { return []string{"MEDIA_DIR=" + filepath.Join(dir, "media")} }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			disk := newHangingDisk(t)
			i := servertest.Tintype(t, c.settings(disk.dir)...)
			t.Cleanup(i.Kill) // before the disk goes
			anna := servertest.NewClient(t, i.URL).SignUp("anna")
			page := anna.PublishPhoto(picture, "visibility", "public", "caption", "A photo")
			post := page.URL.Path
			photo := page.Photos()[0]
			anna.Stay = true
			upload := servertest.File("/compose/photos", "photos", picture).With("Accept", "application/json")
			keys := 0
			comment := func() servertest.Request {
				keys++
				return servertest.Form("/posts/"+filepath.Base(post)+"/comments", "text", "A comment", "idempotency_key", fmt.Sprint("key", keys))
			}
			var free time.Duration
			for range 2 {
				a, d := took(func() servertest.Answer { return anna.Do(upload) })
				free = max(free, d)
				b, d := took(func() servertest.Answer { return anna.Do(comment()) })
				free = max(free, d)
				if a.Status != http.StatusOK || b.Status != http.StatusSeeOther {
					t.Fatalf("while all is well: %d %s, %d %s", a.Status, a.Text(), b.Status, b.Text())
				}
			}

			goOn := disk.hang()
			for n := range 6 {
				q, want := upload, http.StatusServiceUnavailable
				if n%2 == 1 {
					q = comment()
					if !c.all {
						want = http.StatusSeeOther
					}
				}
				a, d := took(func() servertest.Answer { return anna.Do(q) })
				if a.Status != want || want == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "" {
					t.Errorf("%s: %d, Retry-After %q: %s", q.Path, a.Status, a.Header.Get("Retry-After"), a.Text())
				}
				if d-free > within(3*time.Second) {
					t.Errorf("%s took %v, and %v before", q.Path, d, free)
				}
			}
			for _, path := range []string{"/", post, "/settings", photo} {
				if a, d := took(func() servertest.Answer { return anna.Get(path) }); a.Status != http.StatusOK || d-free > within(1500*time.Millisecond) {
					t.Errorf("%s: %d after %v", path, a.Status, d)
				}
			}
			goOn()
			servertest.Eventually(t, "all is well", func() bool {
				return anna.Do(comment()).Status == http.StatusSeeOther && anna.Do(upload).Status == http.StatusOK
			})
			if page := anna.Get(post); !page.Holds("A comment") {
				t.Errorf("afterwards the page says %s", page.Text())
			}
		})
	}
}
