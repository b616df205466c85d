package media_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tintype/internal/media"
)

// pipeAt puts a pipe without a writer in the place of an object: whoever opens it waits in the system, as on a disk that
// hangs.
func pipeAt(t *testing.T, d *media.Disk) (key string, release func()) {
	t.Helper()
	key = media.VariantKey(media.Public, media.NewRandom(), "320")
	if _, err := d.Put(t.Context(), key, strings.NewReader("x"), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	name, err := media.Path(key)
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(d.Dir(), name)
	if err := errors.Join(os.Remove(name), syscall.Mkfifo(name, 0o600)); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		// Whoever waits meanwhile goes on, and who comes afterwards finds no file.
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Error(err)
			return
		}
		os.Remove(name)
		t.Cleanup(func() { f.Close() })
	})
	t.Cleanup(release)
	return key, release
}

// A call that does not come back costs whoever made it two seconds, and nobody else anything.
func TestAFileThatHangs(t *testing.T) {
	d := disk(t)
	hung, release := pipeAt(t, d)
	good := media.VariantKey(media.Public, media.NewRandom(), "320")
	if _, err := d.Put(t.Context(), good, strings.NewReader("good"), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	const readers = 300 // more than the places that calls have
	var unavailable atomic.Int64
	for range readers {
		wg.Go(func() {
			if _, err := d.Open(t.Context(), hung); errors.Is(err, media.ErrUnavailable) {
				unavailable.Add(1)
			} else {
				t.Errorf("who opens it hears %v", err)
			}
		})
	}
	wg.Wait()
	if n := runtime.NumGoroutine(); n > readers {
		t.Errorf("%d goroutines are left", n)
	}
	release()
	// The calls come back, and give their places to others.
	for begin := time.Now(); ; {
		o, err := d.Open(t.Context(), good)
		if err == nil {
			if text, err := io.ReadAll(o); err != nil || string(text) != "good" {
				t.Errorf("%q, %v", text, err)
			}
			o.Close()
			break
		}
		if time.Since(begin) > time.Minute {
			t.Fatal(err)
		}
	}
}

// While the disk answers nothing at all, whoever comes is refused at once, and one probe waits for it.
func TestADiskThatHangs(t *testing.T) {
	d := disk(t)
	release := media.HangProbe(t, d)
	hung, releaseFile := pipeAt(t, d)
	if _, err := d.Open(t.Context(), hung); !errors.Is(err, media.ErrUnavailable) {
		t.Fatalf("the first hears %v", err)
	}
	before := runtime.NumGoroutine()
	for range 1000 { // each would wait for two seconds
		if _, err := d.Open(t.Context(), hung); !errors.Is(err, media.ErrUnavailable) {
			t.Fatalf("the next hears %v", err)
		}
		if _, err := d.Put(t.Context(), media.OriginalKey(media.NewRandom()), strings.NewReader("x"), media.PutOptions{}); !errors.Is(err, media.ErrUnavailable) {
			t.Fatalf("who writes hears %v", err)
		}
		if err := d.Delete(t.Context(), hung); !errors.Is(err, media.ErrUnavailable) {
			t.Fatalf("who deletes hears %v", err)
		}
		if _, err := d.SweepTemp(t.Context(), time.Hour); !errors.Is(err, media.ErrUnavailable) {
			t.Fatalf("who sweeps hears %v", err)
		}
	}
	if n := runtime.NumGoroutine() - before; n > 10 {
		t.Errorf("%d goroutines more", n)
	}
	releaseFile()
	release()
	for begin := time.Now(); ; {
		if _, err := d.Put(t.Context(), media.OriginalKey(media.NewRandom()), strings.NewReader("x"), media.PutOptions{}); err == nil {
			break
		} else if time.Since(begin) > time.Minute {
			t.Fatal(err)
		}
	}
}

// An object that is longer than what is read at once comes whole, from any place.
func TestDiskReadsLongObjects(t *testing.T) {
	d := disk(t)
	key := media.OriginalKey(media.NewRandom())
	text := strings.Repeat("0123456789abcdef", 10_000)
	if _, err := d.Put(t.Context(), key, strings.NewReader(text), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	o, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, at := range []int64{0, 1, 32 << 10, 32<<10 - 1, 100_000, int64(len(text)) - 1, int64(len(text))} {
		if _, err := o.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(o); err != nil || string(got) != text[at:] {
			t.Errorf("from %d on: %d bytes, %v", at, len(got), err)
		}
	}
}
