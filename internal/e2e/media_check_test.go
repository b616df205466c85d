package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// The operator of a running site is told which files are missing, and which nobody knows.
func TestMediaCheckCommand(t *testing.T) {
	site := servertest.Tintype(t)
	ann := servertest.NewClient(t, site.URL).SignUpByToken("ann")
	ann.PostPhoto(phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "a photo")
	out, stderr, err := site.Command("media", "check", "--read")
	if err != nil || !strings.Contains(out, "0 missing, 0 wrong.") {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	variants, err := filepath.Glob(filepath.Join(site.DataDir, "media", "pub", "*", "*", "*", "320.jpg"))
	if err != nil || len(variants) != 1 {
		t.Fatal(variants, err)
	}
	stray := filepath.Join(filepath.Dir(variants[0]), "1.jpg")
	if err := os.Rename(variants[0], stray); err != nil {
		t.Fatal(err)
	}
	out, stderr, err = site.Command("media", "check", "--remove")
	if err == nil || !strings.Contains(out, "1 files are missing:\n") || !strings.Contains(out, "/320.jpg, of photo ") || !strings.Contains(stderr, "docs/backup.md") {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	if _, err := os.Stat(stray); err != nil {
		t.Errorf("a file that may be wanted still was removed: %v", err)
	}
	out, _, err = site.Command("media", "check", "--json")
	var report struct {
		Missing []struct {
			Key   string
			Photo string `json:"photo_id"`
		}
		Unknown []struct{ Key string }
		Files   int
	}
	if jsonErr := json.Unmarshal([]byte(out), &report); err == nil || jsonErr != nil {
		t.Fatalf("%v %v: %s", err, jsonErr, out)
	}
	if len(report.Missing) != 1 || report.Missing[0].Photo == "" || len(report.Unknown) != 1 || !strings.HasSuffix(report.Unknown[0].Key, "/1.jpg") || report.Files < 4 {
		t.Errorf("%+v", report)
	}
}
