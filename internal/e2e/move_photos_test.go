package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// The photos of a site on one machine move to another disk by the real commands. A backup has them wherever they are,
// and a restored site serves them from its own folder.
func TestPhotosMoveToAnotherDisk(t *testing.T) {
	servertest.OneOf(t, 1, 3)
	other := filepath.Join(t.TempDir(), "disk", "photos")
	site := servertest.Tintype(t, "MEDIA_NEXT=disk:"+other, "BACKUP_TO="+filepath.Join(t.TempDir(), "backups"))
	ann := servertest.NewClient(t, site.URL).SignUpByToken("ann")
	first := ann.PostPhoto(phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "before")

	run := func(want string, args ...string) {
		t.Helper()
		out, stderr, err := site.Command(args...)
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
	refused := func(want string, args ...string) {
		t.Helper()
		if out, stderr, err := site.Command(args...); err == nil || !strings.Contains(stderr, want) {
			t.Errorf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
	refused("have never been moved", "move", "back", "media")
	run("Nothing was begun.", "move", "media", "--dry-run")
	run("have never been moved", "move", "status")
	run("MEDIA_DIR="+other, "move", "media")
	second := ann.PostPhoto(phototest.JPEG(phototest.Options{Width: 600, Height: 500}), "after the move")
	run("is finished", "move", "finish", "media")
	third := ann.PostPhoto(phototest.JPEG(phototest.Options{Width: 500, Height: 500}), "after its end")
	// The old place has copies that nobody deletes any more, so that it is not taken for empty.
	if _, err := ann.Must(http.StatusOK, servertest.Request{Method: http.MethodDelete, Path: "/api/v1/statuses/" + second.ID + "?delete_media=true"}); err != nil {
		t.Fatal(err)
	}
	run(other, "doctor")

	run("", "backup", "create")
	into := filepath.Join(t.TempDir(), "restored")
	run("", "backup", "restore", "latest", "--into", into)
	restored := servertest.NewTintype(t, "DATA_DIR="+into)
	restored.Start()
	reader := servertest.NewClient(t, restored.URL)
	for _, s := range []servertest.Status{first, third} {
		u, err := url.Parse(s.Media[0].URL)
		if err != nil {
			t.Fatal(err)
		}
		reader.Get(u.Path).Want(http.StatusOK)
	}
	if out, stderr, err := restored.Command("media", "check", "--read"); err != nil || !strings.Contains(out, "0 missing, 0 wrong.") {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	if err := restored.Stop(); err != nil {
		t.Error(err)
	}

	// Back to the first folder, which has a copy of what was deleted since, and must not bring it back.
	servertest.Eventually(t, "the deleted photo's files are gone", func() bool {
		out, _, _ := site.Command("media", "check")
		return strings.Contains(out, "0 missing, 0 wrong.") && strings.Contains(out, " 4 sets")
	})
	// Nor is a photo served from there that this site does not know, as of a deletion long ago.
	random := strings.Repeat("0123456789abcdef", 2)
	stray := filepath.Join(site.DataDir, "media", "pub", random[:2], random[2:4], random, "320.jpg")
	if err := os.MkdirAll(filepath.Dir(stray), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stray, []byte("a photo of long ago"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := "disk:" + filepath.Join(site.DataDir, "media")
	refused("--empty="+old, "move", "back", "media")
	run("The photos are in "+old, "move", "back", "media", "--empty="+old)
	u, err := url.Parse(second.Media[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	servertest.NewClient(t, site.URL).Misses(u.Path)
	servertest.NewClient(t, site.URL).Misses("/media/pub/" + random + "/320.jpg")
	run("9 files", "media", "check")
	run("is empty", "move", "finish", "media", "--delete-source", "--reason=the old disk goes")
	run("the old disk goes", "log", "--act=move.finish")
	for _, act := range []string{"move.begin", "move.end"} {
		run("photos from "+old+" to "+"disk:"+other, "log", "--act="+act)
	}
	if out, _, err := site.Command("media", "check", "--store", "next"); err == nil || !strings.Contains(out, ": 0 files, ") {
		t.Errorf("the place that was emptied: %v\n%s", err, out)
	}
}
