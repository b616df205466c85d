package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// refusedBackup wants a command to fail by one line, which holds the part.
func refusedBackup(t testing.TB, i *servertest.Instance, part string, args ...string) {
	t.Helper()
	_, stderr, err := i.Command(append([]string{"backup"}, args...)...)
	if err == nil || !strings.Contains(stderr, part) || strings.Count(strings.TrimSpace(stderr), "\n") != 0 {
		t.Errorf("tintype backup %s: %v, %q, which does not hold %q alone", strings.Join(args, " "), err, stderr, part)
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
	// Behind a = no shell replaces anything.
	refusedBackup(t, site, "begins with ~", "create", "--to=~/backups")
	refusedBackup(t, site, "begins with ~", "restore", "latest", "--into=~/site")
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
