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

// refusedBackup wants a command to fail by one line, which holds the part.
func refusedBackup(t testing.TB, i *servertest.Instance, part string, args ...string) {
	t.Helper()
	_, stderr, err := i.Command(append([]string{"backup"}, args...)...)
	if err == nil || !strings.Contains(stderr, part) || strings.Count(strings.TrimSpace(stderr), "\n") != 0 {
		t.Errorf("tintype backup %s: %v, %q, which does not hold %q alone", strings.Join(args, " "), err, stderr, part)
	}
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

// What is wrong is said in one line, and nothing is left of the attempt.
func TestBackupRefuses(t *testing.T) {
	backups := filepath.Join(t.TempDir(), "backups")
	site := start(t, "BACKUP_TO="+backups)
	page := servertest.NewClient(t, site.URL).SignUp("ada").PublishPhoto(phototest.JPEG(phototest.Options{Width: 1400, Height: 900, Seed: 1, Detail: true}))
	made := tintypeBackup(t, site, "create")
	archive, err := os.ReadFile(made.Backup)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.tar.zst")
	broken := func(content []byte) string {
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return bad
	}
	refusedBackup(t, site, "is cut short", "verify", broken(archive[:len(archive)-9]))
	changed := bytes.Clone(archive)
	for i := range 64 { // not a byte alone, which the compressor may not need
		changed[len(changed)/2+i] ^= 0xff
	}
	refusedBackup(t, site, "is damaged", "verify", broken(changed))
	refusedBackup(t, site, "it is no backup", "verify", broken([]byte("something else")))
	into := filepath.Join(t.TempDir(), "site")
	refusedBackup(t, site, "is damaged", "restore", broken(changed), "--into", into)
	if _, err := os.Stat(into); err == nil {
		t.Error("a damaged backup left a folder")
	}
	refusedBackup(t, site, "there is no backup", "restore", filepath.Join(backups, "none"), "--into", into)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	refusedBackup(t, site, "is no file", "verify", pipe)
	for _, to := range []string{"S3://backups/photos", "https://backups.example/photos"} { // not a folder of that name
		refusedBackup(t, site, "is neither a folder nor", "create", "--to", to)
	}
	// A link leads to where the site shall be; one that leads nowhere is said before the work.
	target, link := filepath.Join(t.TempDir(), "disk"), filepath.Join(t.TempDir(), "site")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	refusedBackup(t, site, "leads nowhere", "restore", "latest", "--into", link)
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	if r := tintypeBackup(t, site, "restore", "latest", "--into", link); r.Into != target {
		t.Errorf("restored into %s, not %s", r.Into, target)
	}
	if _, err := os.Stat(filepath.Join(target, "tintype.db")); err != nil {
		t.Error(err)
	}
	// Of a verification that was killed nothing stays that others could read one day.
	temp := t.TempDir()
	left := filepath.Join(temp, ".tintype-backup-1")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := servertest.Run(t, []string{"TMPDIR=" + temp}, "backup", "verify", made.Backup); err != nil {
		t.Errorf("%v: %s", err, stderr)
	}
	if names, _ := os.ReadDir(temp); len(names) > 0 {
		t.Errorf("a verification leaves %v", names)
	}

	// A file that the site itself has lost: the rest is saved, nobody overlooks it, and no older backup goes.
	path := regexp.MustCompile(`/media/(pub)/(([0-9a-f]{2})([0-9a-f]{2})[0-9a-f]+)/([a-z0-9]+\.jpg)`).FindStringSubmatch(page.Photos()[0])
	if err := os.Remove(filepath.Join(site.DataDir, "media", path[1], path[3], path[4], path[2], path[5])); err != nil {
		t.Fatal(err)
	}
	refusedBackup(t, site, "1 photo files that the database names are missing on this site", "create", "--keep", "1", "--quiet")
	names, _ := filepath.Glob(filepath.Join(backups, "*"))
	if len(names) != 2 {
		t.Errorf("there are %v", names)
	}
	tintypeBackup(t, site, "verify")

	mysql := []string{"DATABASE_URL=mysql://a:b@127.0.0.1:1/c", "DATA_DIR=" + t.TempDir()}
	_, stderr, err := servertest.Run(t, mysql, "backup", "create", "--to", backups)
	if err == nil || !strings.Contains(stderr, "Aurora's snapshots") {
		t.Errorf("of MySQL: %v, %s", err, stderr)
	}
	_, stderr, err = servertest.Run(t, nil, "backup", "verify")
	if err == nil || !strings.Contains(stderr, "or set BACKUP_TO") {
		t.Errorf("of no backup: %v, %s", err, stderr)
	}
	_, stderr, err = servertest.Run(t, []string{"BACKUP_KEY=too short"}, "backup", "create")
	if err == nil || !strings.Contains(stderr, "BACKUP_KEY: a passphrase needs 20 characters") || strings.Contains(stderr, "too short") {
		t.Errorf("of a short key: %v, %s", err, stderr)
	}
}

// A full disk is one line, the half backup goes, and the site and the backups of before stay as they are.
func TestBackupOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, "24m")
	backups := filepath.Join(dir, "backups")
	site := start(t, "BACKUP_TO="+backups)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	for i := range 3 {
		ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 2000, Height: 1500, Seed: int64(i), Detail: true}))
	}
	made := tintypeBackup(t, site, "create")
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	refusedBackup(t, site, "the disk is full", "create", "--keep", "1")
	refusedBackup(t, site, "the disk is full", "restore", made.Backup, "--into", filepath.Join(dir, "site"))
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("left are %v", left)
	}
	if left, _ := os.ReadDir(backups); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
	tintypeBackup(t, site, "verify")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	tintypeBackup(t, site, "create", "--keep", "1")
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
