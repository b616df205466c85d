package media_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/media/mediatest"
)

func disk(t *testing.T) *media.Disk {
	t.Helper()
	d, err := media.NewDisk(filepath.Join(t.TempDir(), "media"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDisk(t *testing.T) {
	mediatest.Run(t, func(t *testing.T) media.Store { return disk(t) })
}

// files lists every regular file below the disk's folder, and folders that are empty, tmp aside.
func files(t *testing.T, d *media.Disk) (list, empty []string) {
	t.Helper()
	err := filepath.WalkDir(d.Dir(), func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(d.Dir(), p)
		if !e.IsDir() {
			list = append(list, rel)
		} else if in, _ := os.ReadDir(p); len(in) == 0 && rel != "tmp" {
			empty = append(empty, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, empty
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestDiskLeavesNothing(t *testing.T) {
	d := disk(t)
	key := media.VariantKey(media.Public, media.NewRandom(), "320")
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		_, err := d.Put(t.Context(), key, failing{&fs.PathError{Op: "write", Path: "x", Err: cause}}, media.PutOptions{})
		if !errors.Is(err, media.ErrNoSpace) {
			t.Errorf("%v: %v", cause, err)
		}
	}
	if list, _ := files(t, d); len(list) != 0 {
		t.Errorf("a failed Put left %v", list)
	}
	if _, err := d.Put(t.Context(), key, strings.NewReader("x"), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if list, _ := files(t, d); len(list) != 1 || !strings.HasPrefix(list[0], filepath.Join("pub", key[4:6], key[6:8])) {
		t.Errorf("one object lies as %v", list)
	}
	if err := d.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if list, empty := files(t, d); len(list) != 0 || len(empty) > 1 { // pub itself may stay
		t.Errorf("Delete left %v and empty folders %v", list, empty)
	}
}

func TestSweepTemp(t *testing.T) {
	d := disk(t)
	old, young := filepath.Join(d.Dir(), "tmp", "put-1"), filepath.Join(d.Dir(), "tmp", "put-2")
	for _, p := range []string{old, young} {
		if err := os.WriteFile(p, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if n, err := d.SweepTemp(context.Background(), time.Hour); n != 1 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	if list, _ := files(t, d); len(list) != 1 || filepath.Base(list[0]) != "put-2" {
		t.Errorf("left %v", list)
	}
}

func TestCheckFails(t *testing.T) {
	d := disk(t)
	if err := os.RemoveAll(filepath.Join(d.Dir(), "tmp")); err != nil {
		t.Fatal(err)
	}
	if err := d.Check(t.Context()); err == nil {
		t.Error("Check passed without a place for temporary files")
	}
}
