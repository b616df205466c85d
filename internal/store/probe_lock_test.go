//go:build unix

package store_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A probe of the disk gives up none of the locks that SQLite has on the database's file. Without them another program that
// looks at the database (SQLite before 3.51) takes itself for the last one: it deletes the WAL as it leaves, and what the
// site writes from then on is lost at its end.
func TestAProbeKeepsTheLocks(t *testing.T) {
	if file := os.Getenv("TEST_LOCK_OF"); file != "" {
		sayLock(t, file)
		return
	}
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "tintype.db")
	o := storetest.Options("sqlite:" + file)
	if err := store.NewMigrator(o).Up(ctx); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			s.Close()
		}
	}()
	if _, err := s.AccountsWithRole(ctx, []string{store.RoleOwner}, 1); err != nil {
		t.Fatal(err)
	}
	held := func() string {
		t.Helper()
		c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestAProbeKeepsTheLocks$")
		c.Env = append(os.Environ(), "TEST_LOCK_OF="+file)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		said, _, _ := strings.Cut(string(out), "\n")
		return said
	}
	if got := held(); got != "locked" {
		t.Errorf("before a probe the file is %s", got)
	}
	for range 2 {
		if err := store.ProbeDisk(s); err != nil {
			t.Fatal(err)
		}
		if got := held(); got != "locked" {
			t.Fatalf("after a probe the file is %s", got)
		}
	}
	closed = true
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := held(); got != "free" {
		t.Errorf("after the end the file is %s", got)
	}
}

// A lock that another program holds on the marks of readers is as any other one: the database is busy, and well again once
// the lock is gone.
func TestAForeignLockOnTheMarksOfReaders(t *testing.T) {
	if file := os.Getenv("TEST_LOCK_MARKS"); file != "" {
		holdMarks(t, file)
		return
	}
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "tintype.db")
	o := storetest.Options("sqlite:" + file)
	if err := store.NewMigrator(o).Up(ctx); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestAForeignLockOnTheMarksOfReaders$")
	c.Env = append(os.Environ(), "TEST_LOCK_MARKS="+file+"-shm")
	release, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(said).ReadString('\n'); line != "held\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if n, err := s.AccountsWithRole(ctx, []string{store.RoleOwner}, 1); !errors.Is(err, store.ErrBusy) {
		t.Errorf("%d accounts, %v", len(n), err)
	}
	release.Close()
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := s.AccountsWithRole(ctx, []string{store.RoleOwner}, 1); err != nil {
		t.Errorf("without the lock: %v", err)
	}
}

// holdMarks holds, in a process of its own, the locks of a WAL's readers until its input ends.
func holdMarks(t *testing.T, file string) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: 123, Len: 5} // WAL_READ_LOCK(0) to (4)
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLKW, &lock); err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("held\n")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Error(err)
	}
}

// sayLock says, in a process of its own, whether another one holds a lock on the file.
func sayLock(t *testing.T, file string) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Type == syscall.F_UNLCK {
		os.Stdout.WriteString("free\n")
	} else {
		os.Stdout.WriteString("locked\n")
	}
}
