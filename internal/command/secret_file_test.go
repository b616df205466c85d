//go:build unix

package command

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A site that reads a secret as another user still reads it after the secret has been written again.
func TestASecretKeepsItsReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.url")
	look := func() (os.FileInfo, *syscall.Stat_t) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info, info.Sys().(*syscall.Stat_t)
	}
	write := func(text string) {
		t.Helper()
		if err := writeSecret(path, text); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text+"\n" {
			t.Fatalf("it holds %q: %v", got, err)
		}
	}
	write("first")
	if info, _ := look(); info.Mode() != 0o600 {
		t.Errorf("a new one has mode %v", info.Mode())
	}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 4711, 4712
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	_, before := look()
	write("first")
	if info, stat := look(); stat.Ino != before.Ino || !info.ModTime().Equal(long) {
		t.Error("what holds the same was written again")
	}
	write("second")
	if info, stat := look(); info.Mode() != 0o640 || int(stat.Uid) != uid || int(stat.Gid) != gid {
		t.Errorf("it has mode %v, user %d, group %d, want 0640, %d, %d", info.Mode(), stat.Uid, stat.Gid, uid, gid)
	}
}
