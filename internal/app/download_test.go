package app

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A slowTaker is a client that takes the first bytes of an answer, waits, and takes the rest.
type slowTaker struct {
	http.ResponseWriter
	wait time.Duration
}

func (s *slowTaker) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	time.Sleep(s.wait) // time itself is the point
	s.wait = 0
	return n, err
}

func (s *slowTaker) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Files that are larger than a page come whole, however long their reader takes.
func TestADownloadOutlastsThePatienceForPages(t *testing.T) {
	data := "DATA_DIR=" + filepath.Join(t.TempDir(), "data")
	front := newFront(t)
	site, _ := wired(t, data)
	front.serve(site.site.ServeHTTP)
	ada := front.join("ada")
	photo := phototest.JPEG(phototest.Options{Width: 1600, Height: 1200, Seed: 1, Quality: 95, Detail: true})
	if len(photo) < 200_000 {
		t.Fatalf("a photo of %d bytes is read at once", len(photo))
	}
	post := ada.PublishPhoto(photo, "caption", "Picture")
	id := regexp.MustCompile(`/photos/([0-9]+)/original`).FindStringSubmatch(post.Body)
	if id == nil {
		t.Fatalf("no original:\n%s", post.Text())
	}
	album := ada.Post("/albums", "title", "An outing", "visibility", "public", "adders", "owner", "ordering", "hand").Want(http.StatusOK).URL.Path
	album = strings.TrimSuffix(album, "/add")
	ada.Post(album+"/add", "photos", id[1]).Want(http.StatusOK)
	ada.Post(album+"/download", "originals", "on").Want(http.StatusOK)
	var archive []string
	servertest.Eventually(t, "the archive is ready", func() bool {
		archive = regexp.MustCompile(`href="(/downloads/[0-9a-f]{32})"`).FindStringSubmatch(ada.Get(album + "/download").Body)
		return archive != nil
	})
	ada.Post("/settings/export", "password", servertest.Password).Want(http.StatusOK)
	var export []string
	servertest.Eventually(t, "the export is ready", func() bool {
		export = regexp.MustCompile(`href="(/settings/export/[0-9]+/1)"`).FindStringSubmatch(ada.Get("/settings/export").Body)
		return export != nil
	})
	site.close()

	const patience = time.Second
	site, _ = wiredAs(t, func(a *App) { a.patience = patience }, data)
	front.serve(func(w http.ResponseWriter, r *http.Request) { site.site.ServeHTTP(&slowTaker{w, 3 * patience / 2}, r) })
	for path, begins := range map[string]string{"/photos/" + id[1] + "/original": string(photo), archive[1]: "PK", export[1]: "PK"} {
		a := ada.Get(path).Want(http.StatusOK)
		if !strings.HasPrefix(a.Body, begins) || a.Header.Get("Content-Length") != idOf(int64(len(a.Body))) {
			t.Errorf("%s: %d bytes of %s", path, len(a.Body), a.Header.Get("Content-Length"))
		}
		if a.Header.Get("ETag") == "" {
			t.Errorf("%s: a download that broke off cannot go on", path)
		}
	}
}
