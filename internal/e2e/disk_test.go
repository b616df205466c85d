package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A disk that fills up gives errors that people understand, and no damage: what was there stays, and when there is
// room again everything works on.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, "48m")
	site := servertest.NewTintype(t, "DATA_DIR="+filepath.Join(dir, "data"), "SIGNUP_LIMIT=1000/1h")
	site.Start()
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	first := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 900, Height: 600, Seed: 1}), "caption", "Before")

	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)

	photo := phototest.JPEG(phototest.Options{Width: 3000, Height: 2000, Detail: true, Seed: 2})
	p := ada.Do(servertest.File("/compose/photos", "photos", photo).With("Accept", "application/json"))
	if p.Status < 400 || p.Status == 500 {
		t.Errorf("an upload on a full disk answered %d: %s", p.Status, p.Text())
	}
	if strings.Contains(p.Body, "database disk image") || strings.Contains(p.Body, dir) {
		t.Errorf("the answer tells of the inside: %s", p.Body)
	}
	// Reading goes on.
	servertest.NewClient(t, site.URL).Get(first.URL.Path).Want(200).Has("Before")
	for _, u := range first.Photos() {
		ada.Get(u).Want(200)
	}
	// Writing fails in an orderly way, or works where a few bytes are left.
	if p := ada.Post("/posts/"+first.URL.Path[strings.LastIndexByte(first.URL.Path, '/')+1:]+"/comments", "text", strings.Repeat("long ", 300)); p.Status == 500 {
		t.Errorf("a comment on a full disk answered %d: %s", p.Status, p.Text())
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	again := ada.PublishPhoto(photo, "caption", "After")
	for _, u := range again.Photos() {
		ada.Get(u).Want(200)
	}
	site.Kill()
	site.Start()
	servertest.NewClient(t, site.URL).Get(first.URL.Path).Want(200).Has("Before")
	servertest.NewClient(t, site.URL).Get(again.URL.Path).Want(200).Has("After")
	leftovers(t, filepath.Join(site.DataDir, "media"))
}

// smallDisk mounts a file system of that size in memory, which takes root.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tintype-test", dir).CombinedOutput()
	if err != nil {
		servertest.Without(t, "mount", "cannot mount a small disk (run as root): "+strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return dir
}

// fill writes a file until nothing more goes in.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}
