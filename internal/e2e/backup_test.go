package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// backupReport is what the commands say as JSON.
type backupReport struct {
	Backup    string
	Into      string
	Files     int
	Photos    string
	Rows      map[string]int64
	Encrypted bool
	Removed   []string
}

func tintypeBackup(t testing.TB, i *servertest.Instance, args ...string) (r backupReport) {
	t.Helper()
	stdout, stderr, err := i.Command(append([]string{"backup"}, append(args, "--json")...)...)
	if err != nil {
		t.Fatalf("tintype backup %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	return r
}

// A restore is rehearsed: a backup is made while members post, upload and delete, and again; what it is restored to
// has everything that was acknowledged before it began, byte for byte, nothing that was deleted before, and nothing half.
func TestBackupOfABusySite(t *testing.T) {
	for _, c := range []struct {
		name   string
		bucket bool
		key    string
	}{
		{"disk", false, ""},
		{"S3, encrypted", true, "a passphrase that nobody guesses"},
		{"disk, encrypted", false, "a passphrase that nobody guesses"},
		{"S3", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.bucket != (c.key != "") && !servertest.All() {
				t.Skip("TEST_ALL=1 also runs this one")
			}
			to := filepath.Join(t.TempDir(), "backups")
			var env []string
			if c.bucket {
				server := servertest.S3(t)
				server.NewBucket(t, "backups")
				env, to = server.Env(), "s3://backups/of/a/site"
			}
			if c.key != "" {
				file := filepath.Join(t.TempDir(), "key")
				if err := os.WriteFile(file, []byte(c.key+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				env = append(env, "BACKUP_KEY_FILE="+file)
			}
			rehearse(t, append(env, "BACKUP_TO="+to, "POST_LIMIT=100000/1h", "UPLOAD_LIMIT=100000/1h"))
		})
	}
}

// busyPost is a post as its author knows of it.
type busyPost struct {
	caption, path string
	media         map[string]string // contents by path
	deleted       bool              // its deletion was asked for
	gone          bool              // and acknowledged
}

func rehearse(t *testing.T, env []string) {
	site := start(t, env...)
	refusedBackup(t, site, "there is no backup in", "verify")
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	file := phototest.JPEG(phototest.Options{Width: 1400, Height: 900, Seed: 3, Detail: true})

	var mu sync.Mutex
	var posts []*busyPost
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 2 {
		name := fmt.Sprintf("busy%d", n)
		m := servertest.NewClient(t, site.URL).SignUp(name)
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				u, err := m.Upload("p.jpg", file)
				if err != nil || u.State != "ready" {
					t.Errorf("while a backup is made an upload ends with %+v, %v", u, err)
					return
				}
				post := &busyPost{caption: fmt.Sprintf("post %s number %d.", name, i), media: map[string]string{}}
				p := m.Post("/compose", "idempotency_key", fmt.Sprintf("%s-%d", name, i), "visibility", "public", "licence", "cc0-1.0", "caption", post.caption)
				if p.Status != http.StatusOK {
					t.Errorf("while a backup is made a post ends with %d: %s", p.Status, p.Text())
					return
				}
				post.path = p.URL.Path
				for _, u := range p.Photos() {
					post.media[strings.TrimPrefix(u, site.URL)] = m.Get(u).Want(200).Body
				}
				mu.Lock()
				posts = append(posts, post)
				mu.Unlock()
				if i%2 == 1 { // the one before it goes
					mu.Lock()
					var before *busyPost
					for _, q := range posts {
						if q.caption == fmt.Sprintf("post %s number %d.", name, i-1) {
							before = q
						}
					}
					before.deleted = true
					mu.Unlock()
					m.Post("/posts/"+before.path[strings.LastIndexByte(before.path, '/')+1:]+"/delete", "confirm", "on").Want(200)
					mu.Lock()
					before.gone = true
					mu.Unlock()
				}
			}
		})
	}
	have := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(posts) >= n
		}
	}
	servertest.Eventually(t, "there are posts", have(6))
	first := tintypeBackup(t, site, "create")
	servertest.Eventually(t, "there are more posts", have(10))

	mu.Lock()
	var wanted, unwanted []*busyPost
	for _, p := range posts {
		if p.gone {
			unwanted = append(unwanted, p)
		} else if !p.deleted {
			wanted = append(wanted, p)
		}
	}
	mu.Unlock()
	second := tintypeBackup(t, site, "create", "--keep", "1")
	mu.Lock()
	still := wanted[:0]
	for _, p := range wanted {
		if !p.deleted { // meanwhile
			still = append(still, p)
		}
	}
	wanted = still
	mu.Unlock()
	close(stop)
	wg.Wait()
	if len(wanted) == 0 || len(unwanted) == 0 {
		t.Fatalf("%d posts and %d deleted ones are no test", len(wanted), len(unwanted))
	}
	if first.Backup == second.Backup || len(second.Removed) != 1 || !strings.HasSuffix(first.Backup, second.Removed[0]) {
		t.Errorf("of %s and %s the first should be removed: %v", first.Backup, second.Backup, second.Removed)
	}
	if second.Photos != "here" {
		t.Errorf("the photos are %q", second.Photos)
	}

	verified := tintypeBackup(t, site, "verify")
	if verified.Backup != second.Backup || verified.Files != second.Files || verified.Rows["posts"] != second.Rows["posts"] {
		t.Errorf("verified was %+v, made was %+v", verified, second)
	}
	// Never over a site, running or not.
	refusedBackup(t, site, "is not empty", "restore", "latest", "--into", site.DataDir)
	into := filepath.Join(t.TempDir(), "deep", "site")
	tintypeBackup(t, site, "restore", second.Backup, "--into", into)
	refusedBackup(t, site, "is not empty", "restore", second.Backup, "--into", into)
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(into), ".*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	if err := site.Stop(); err != nil {
		t.Errorf("the site ended with %v", err)
	}

	restored := start(t, append(env, "DATA_DIR="+into)...)
	ada.Site = restored.URL
	ada.Get("/settings").Want(200).Has("ada") // the same session
	eve := servertest.NewClient(t, restored.URL)
	eve.Post("/login", "name", "ada", "password", password).Want(200).Has("/@ada")
	nobody := servertest.NewClient(t, restored.URL)
	for _, p := range wanted {
		nobody.Get(p.path).Want(200).Has(p.caption)
		for u, content := range p.media {
			if nobody.Get(u).Want(200).Body != content {
				t.Errorf("%s of %s is another photo", u, p.caption)
			}
		}
	}
	for _, p := range unwanted {
		nobody.Get(p.path).Want(404)
	}
	address := regexp.MustCompile(`href="(/@busy\d/\d+)"`)
	listed := map[string]bool{}
	for path := "/explore"; path != ""; {
		p := nobody.Get(path).Want(200)
		for _, m := range address.FindAllStringSubmatch(p.Body, -1) {
			listed[m[1]] = true
		}
		path = older(p)
	}
	for _, p := range wanted {
		if !listed[p.path] {
			t.Errorf("%s is not listed", p.caption)
		}
	}
	for path := range listed {
		p := nobody.Get(path).Want(200)
		if len(p.Photos()) < 4 {
			t.Errorf("%s has %d variants", path, len(p.Photos()))
		}
		for _, u := range p.Photos() {
			nobody.Get(u).Want(200)
		}
	}
	t.Logf("%d posts, %d of them listed, %d deleted before", len(wanted), len(listed), len(unwanted))
	servertest.NewClient(t, restored.URL).SignUp("newcomer").PublishPhoto(file, "caption", "and life goes on")
}

// runBackup starts a backup command that is to be killed.
func runBackup(t testing.TB, env []string, args ...string) (kill func() error) {
	t.Helper()
	c := exec.Command(servertest.Binary(t), append([]string{"backup"}, args...)...)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + t.TempDir()}, env...)
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	return func() error {
		_ = c.Process.Signal(syscall.SIGKILL)
		return c.Wait()
	}
}

// Killed at any moment, create leaves no backup that is not whole, and restore no folder that looks like a site; the
// next try succeeds and removes what they left, and the site deletes as ever.
func TestBackupKilled(t *testing.T) {
	backups := filepath.Join(t.TempDir(), "backups")
	site := start(t, "BACKUP_TO="+backups)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	var pages []servertest.Answer
	for i := range 8 {
		pages = append(pages, ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 1600, Height: 1200, Seed: int64(i), Detail: true})))
	}
	random := servertest.Random(t)
	env := []string{"DATA_DIR=" + site.DataDir, "BACKUP_TO=" + backups}
	staged := func() int {
		left, _ := filepath.Glob(filepath.Join(site.DataDir, "media", "tmp", ".tintype-backup-*"))
		return len(left)
	}
	rounds, killed := 8, 0
	if servertest.All() {
		rounds = 40
	}
	// Rounds are added, and nobody waits in them, until one was killed: this process may be the slower one.
	for round := 0; round < rounds || killed == 0 && round < 10*rounds; round++ {
		before, _ := filepath.Glob(filepath.Join(backups, "*.tar.zst"))
		kill := runBackup(t, env, "create")
		begun := time.Now().Add(10 * time.Second)
		for staged() == 0 && time.Now().Before(begun) {
			time.Sleep(time.Millisecond) // it does not begin with its first instruction
		}
		if round < rounds {
			time.Sleep(time.Duration(random.IntN(120)) * time.Millisecond) // at any moment
		}
		if kill() != nil {
			killed++
		}
		after, _ := filepath.Glob(filepath.Join(backups, "*.tar.zst"))
		for _, path := range after[len(before):] {
			tintypeBackup(t, site, "verify", path) // whole all the same
		}
	}
	if killed == 0 {
		t.Error("none was killed in time")
	}
	// Nobody is left who holds the files.
	gone := pages[0].Photos()[0]
	ada.Post("/posts/"+pages[0].URL.Path[strings.LastIndexByte(pages[0].URL.Path, '/')+1:]+"/delete", "confirm", "on").Want(200)
	nobody := servertest.NewClient(t, site.URL)
	servertest.Eventually(t, "the photos of what was deleted go", func() bool { return nobody.Get(gone).Status == 404 })
	made := tintypeBackup(t, site, "create")
	if left, _ := filepath.Glob(filepath.Join(backups, "*.partial")); len(left) > 0 || staged() > 0 {
		t.Errorf("left are %v and %d folders", left, staged())
	}

	parent := filepath.Join(t.TempDir(), "restored")
	into := filepath.Join(parent, "site")
	killed = 0
	for round := 0; round < rounds || killed == 0 && round < 10*rounds; round++ {
		kill := runBackup(t, env, "restore", made.Backup, "--into", into)
		begun := time.Now().Add(10 * time.Second)
		for time.Now().Before(begun) {
			if left, _ := filepath.Glob(filepath.Join(parent, ".tintype-backup-*")); len(left) > 0 {
				break
			}
			time.Sleep(time.Millisecond) // as above
		}
		if round < rounds {
			time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond) // at any moment
		}
		if kill() != nil {
			killed++
		}
		if _, err := os.Stat(into); err == nil { // then it is whole
			if killed > 0 {
				restart := servertest.NewTintype(t, "DATA_DIR="+into)
				restart.Start()
				servertest.NewClient(t, restart.URL).Get(pages[1].URL.Path).Want(200)
				if err := restart.Stop(); err != nil {
					t.Error(err)
				}
			}
			if err := os.RemoveAll(into); err != nil {
				t.Fatal(err)
			}
		}
	}
	if killed == 0 {
		t.Error("no restore was killed in time")
	}
	tintypeBackup(t, site, "restore", made.Backup, "--into", into)
	if left, _ := filepath.Glob(filepath.Join(parent, ".*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// Photos in a bucket are not part of a backup, which says so; and a bucket that is not there is one line.
func TestBackupOfPhotosInABucket(t *testing.T) {
	server := servertest.S3(t)
	server.NewBucket(t, "photos")
	backups := filepath.Join(t.TempDir(), "backups")
	env := append(server.Env(), "MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos", "BACKUP_TO="+backups)
	site := start(t, env...)
	page := servertest.NewClient(t, site.URL).SignUp("ada").PublishPhoto(phototest.JPEG(phototest.Options{Width: 1400, Height: 900, Seed: 1, Detail: true}), "caption", "In a bucket")
	stdout, stderr, err := site.Command("backup", "create")
	if err != nil || !strings.Contains(stdout, "the bucket's versioning stands in for a backup of them") {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	into := filepath.Join(t.TempDir(), "site")
	if r := tintypeBackup(t, site, "restore", "latest", "--into", into); r.Photos != "bucket" {
		t.Errorf("restored was %+v", r)
	}
	if left, _ := filepath.Glob(filepath.Join(site.DataDir, ".*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	if err := site.Stop(); err != nil {
		t.Error(err)
	}
	restored := start(t, append(env, "DATA_DIR="+into)...)
	nobody := servertest.NewClient(t, restored.URL)
	again := nobody.Get(page.URL.Path).Want(200).Has("In a bucket")
	for _, u := range again.Photos() {
		nobody.Get(u).Want(200)
	}
	refusedBackup(t, restored, "NoSuchBucket", "create", "--to", "s3://no-such-bucket/at/all")
	refusedBackup(t, restored, "NoSuchBucket", "verify", "s3://no-such-bucket/tintype-20260101T000000.000Z.tar.zst")
	refusedBackup(t, restored, "there is no backup in s3://photos", "verify", "s3://photos/tintype-20260101T000000.000Z.tar.zst")
}
