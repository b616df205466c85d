package e2e

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// Somebody who has just joined is shown whom to follow, with their photographs, and one follow fills the page. The
// directory has everybody who wants to be found.
func TestANewMemberFindsPeople(t *testing.T) {
	site := start(t)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Fog over #vidblick")
	ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: 2}), "caption", "A #hiddenvidblick", "visibility", "followers")
	ben := servertest.NewClient(t, site.URL).SignUp("ben")
	ben.Do(servertest.Multipart("/settings/profile", servertest.Part{Field: "display_name", Data: []byte("Ben")}, servertest.Part{Field: "discoverable", Data: []byte("off")})).Want(http.StatusOK)

	cora := servertest.NewClient(t, site.URL).SignUp("cora")
	home := cora.Get("/").Want(http.StatusOK).Has("People to follow", `action="/@ada/follow"`, "/compose", "/settings/profile", "Look through all members").
		Lacks("/@ben", "/@cora/follow", "Fog over")
	if len(home.Photos()) == 0 {
		t.Error("nobody's photographs are shown")
	}
	// Before anything is popular that page has the newest photographs.
	newest := cora.Get("/explore/popular").Want(http.StatusOK).Has("Nothing was liked or talked about this week", "Newest photographs")
	if len(newest.Photos()) == 0 {
		t.Error("there is nothing to look at where nothing is popular")
	}
	rankTrends(t, site)
	servertest.Within(t, time.Minute, "tags to begin with are shown", func() bool {
		home = cora.Get("/").Want(http.StatusOK)
		return home.Holds(`href="/tags/vidblick"`)
	})
	home.Has("People to follow").Lacks("hiddenvidblick", "Fog over")
	cora.Post("/@ada/follow", "return", "/").Want(http.StatusOK).Has("Fog over")
	cora.Get("/").Want(http.StatusOK).Has("Fog over").Lacks(`action="/@ada/follow"`)
	cora.Get("/people/new").Want(http.StatusOK).Has("/@ada", "/@cora").Lacks("/@ben")

	visitor := servertest.NewClient(t, site.URL)
	visitor.Get("/people").Want(http.StatusOK).Has("/@ada").Lacks("/@ben", "/@cora", "/follow\"")
	visitor.Get("/people?after=500").Want(http.StatusOK).Lacks("/@ada")
	visitor.Get("/explore/popular").Want(http.StatusOK).Has("Popular")
	visitor.Get("/explore/tags").Want(http.StatusOK).Has(`href="/tags/vidblick"`).Lacks("hiddenvidblick")
}

// rankTrends has the site rank its tags and posts now rather than in the next hour.
func rankTrends(t *testing.T, site *servertest.Instance) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(site.DataDir, "tintype.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	servertest.Eventually(t, "the job of this hour is there, and done", func() bool {
		res, err := db.ExecContext(t.Context(), "UPDATE jobs SET state = 'ready', run_at = 0, attempts = 0, finished_at = NULL WHERE kind = 'trends' AND state = 'done'")
		if err != nil {
			t.Fatal(err)
		}
		n, err := res.RowsAffected()
		return err == nil && n > 0
	})
}
