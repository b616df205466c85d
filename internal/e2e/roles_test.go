package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// together starts instances of one site: one database server, one folder of photos, one secret.
func together(t *testing.T, settings ...[]string) []*servertest.Instance {
	t.Helper()
	shared := []string{
		"DATABASE_URL=" + servertest.Database(t).NewDatabase(t), "MIGRATE=auto", "MEDIA_DIR=" + filepath.Join(t.TempDir(), "media"),
		"SECRET_KEY=" + strings.Repeat("together", 8), "SIGNUP_LIMIT=1000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "REGISTRATION=open",
	}
	var out []*servertest.Instance
	for _, own := range settings {
		i := servertest.NewTintype(t, append(append([]string{}, shared...), own...)...)
		if len(out) > 0 {
			i.Set("BASE_URL=" + out[0].URL)
			i.URL = fmt.Sprintf("http://localhost:%d", i.Port)
		}
		i.Start()
		out = append(out, i)
	}
	return out
}

// Photos that a web instance takes are made by a worker elsewhere, while whoever uploads waits; a worker that is
// killed is replaced by another, and its uploader hears of the photo all the same.
func TestRoles(t *testing.T) {
	fleet := together(t, []string{"ROLES=web"}, []string{"ROLES=worker"}, []string{"ROLES=worker"})
	web, workers := fleet[0], fleet[1:]
	ada := servertest.NewClient(t, web.URL).SignUp("ada")
	p := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 900, Height: 600}), "caption", "Made elsewhere")
	for _, u := range p.Photos() {
		ada.Get(u).Want(200)
	}
	servertest.NewClient(t, workers[0].URL).Get("/").Want(404)

	// One of two workers dies in the middle, again and again.
	photo := phototest.JPEG(phototest.Options{Width: 2400, Height: 1600, Detail: true})
	rounds := []int{0, 1}
	if !servertest.All() { // each waits until a dead worker's job is another's
		rounds = rounds[servertest.Random(t).IntN(2):][:1]
	}
	for _, round := range rounds {
		var wg sync.WaitGroup
		results := make([]servertest.Upload, 3)
		errs := make([]error, 3)
		for i := range results {
			wg.Go(func() { results[i], errs[i] = ada.Upload(fmt.Sprintf("%d-%d.jpg", round, i), photo) })
		}
		time.Sleep(time.Duration(100+150*round) * time.Millisecond) // in the middle, or nearly
		workers[round%2].Kill()
		wg.Wait()
		workers[round%2].Start()
		for i, u := range results {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if u.State == "refused" {
				t.Errorf("a good photo was refused: %s", u.Error)
			}
		}
		servertest.Within(t, 90*time.Second, "every acknowledged photo is ready", func() bool {
			return strings.Count(ada.Get("/compose").Want(200).Body, `data-state="ready"`) == 3
		})
		ada.Publish("caption", fmt.Sprintf("Round %d", round)).Want(200).Has(fmt.Sprintf("Round %d", round))
	}
}
