package media_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
)

// While somebody holds the files nothing is deleted, by this Disk or by another process's; then it is.
func TestHold(t *testing.T) {
	d := disk(t)
	other, err := media.NewDisk(d.Dir())
	if err != nil {
		t.Fatal(err)
	}
	key := media.OriginalKey(media.NewRandom())
	if _, err := d.Put(t.Context(), key, strings.NewReader("photo"), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	release, err := other.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, disk := range []*media.Disk{d, other} {
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := disk.Delete(short, key); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a deletion ended with %v", err)
		}
		cancel()
	}
	if _, err := d.Put(t.Context(), media.OriginalKey(media.NewRandom()), strings.NewReader("another"), media.PutOptions{}); err != nil {
		t.Errorf("new photos have to wait, too: %v", err)
	}
	kept := filepath.Join(t.TempDir(), "kept")
	if err := d.Keep(t.Context(), key, kept); err != nil {
		t.Fatal(err)
	}
	if err := d.Keep(t.Context(), key, kept); err != nil {
		t.Errorf("photos that share a file: %v", err)
	}
	if err := d.Keep(t.Context(), media.OriginalKey(media.NewRandom()), kept+"2"); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("of a file that is not there: %v", err)
	}
	ended := make(chan error)
	go func() { ended <- d.Delete(t.Context(), key) }()
	release()
	release() // a second time is nothing
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := d.Open(t.Context(), key); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("after the hold the deletion did not come to pass: %v", err)
	}
	if text, err := os.ReadFile(kept); err != nil || string(text) != "photo" {
		t.Errorf("what was kept holds %q, %v", text, err)
	}
}
