package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// A site whose disk is full does not start, and says why and what to do. With READ_ONLY it starts and shows everything,
// also after a kill, and writes nothing.
func TestAFullDiskAtStart(t *testing.T) {
	dir := smallDisk(t, "48m")
	site := servertest.NewTintype(t, "DATA_DIR="+filepath.Join(dir, "data"), "SIGNUP_LIMIT=1000/1h")
	site.Start()
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	first := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 900, Height: 600, Seed: 1}), "caption", "Before")
	servertest.NewClient(t, site.URL).SignUp("bob").Post("/@ada/follow").Want(http.StatusOK)
	app := ada.WithToken(ada.NewToken())
	for _, killed := range []bool{false, true} {
		name := map[bool]string{false: "after a stop", true: "after a kill"}[killed]
		t.Run(name, func(t *testing.T) {
			site.Set("READ_ONLY=false")
			if killed {
				site.Start()
				ada.Post("/posts/"+filepath.Base(first.URL.Path)+"/comments", "text", "Just before the kill").Want(http.StatusOK)
				site.Kill()
			} else if err := site.Stop(); err != nil {
				t.Fatal(err)
			}
			ballast := filepath.Join(dir, "ballast")
			fill(t, ballast)
			defer os.Remove(ballast)

			if !killed { // after a kill the WAL is still there, with room for a start
				logged := len(site.Logs())
				site.StartOnly()
				if err := site.Wait(time.Minute); err == nil {
					t.Error("the program ended as if all were well")
				}
				said := site.Logs()[logged:]
				for _, want := range []string{"is full", "READ_ONLY=true", dir} {
					if !strings.Contains(said, want) {
						t.Errorf("the start says %q, without %q", said, want)
					}
				}
				if strings.Contains(said, "panic") || strings.Contains(said, "malformed") {
					t.Errorf("the start says %q", said)
				}
			}

			site.Set("READ_ONLY=true")
			site.Start()
			visitor := servertest.NewClient(t, site.URL)
			for _, path := range []string{"/", "/explore", "/@ada", first.URL.Path, "/about", "/api/v1/timelines/public?local=true"} {
				visitor.Get(path).Want(http.StatusOK)
			}
			visitor.Get(first.URL.Path).Has("Before")
			if killed {
				visitor.Get(first.URL.Path).Has("Just before the kill")
			}
			for _, u := range first.Photos() {
				visitor.Get(u).Want(http.StatusOK)
			}
			// Who was logged in still is, and hears at once that nothing is stored.
			ada.Get("/settings").Want(http.StatusOK).Has("ada")
			// What is read is not written down: the token's first use, and what is new to her.
			app.Get("/api/v1/notifications").Want(http.StatusOK).Has("bob")
			ada.Get("/notifications").Want(http.StatusOK).Has("bob")
			comment := ada.Post("/posts/"+filepath.Base(first.URL.Path)+"/comments", "text", "Into a full disk").Want(http.StatusServiceUnavailable).Has("is read-only for the moment")
			if comment.Header.Get("Retry-After") == "" {
				t.Error("the refused comment has no Retry-After")
			}
			ada.Do(servertest.File("/compose/photos", "photos", phototest.JPEG(phototest.Options{Width: 300, Height: 200}))).Want(http.StatusServiceUnavailable)
			visitor.Get(first.URL.Path).Lacks("Into a full disk")
			if err := site.Stop(); err != nil {
				t.Errorf("it ends with %v", err)
			}
		})
	}
	// With room again everything works on.
	site.Set("READ_ONLY=false")
	site.Start()
	again := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 600, Height: 400, Seed: 2}), "caption", "After")
	for _, u := range again.Photos() {
		ada.Get(u).Want(http.StatusOK)
	}
	servertest.NewClient(t, site.URL).Get(first.URL.Path).Want(http.StatusOK).Has("Before", "Just before the kill").Lacks("Into a full disk")
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
