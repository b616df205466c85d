package e2e

import (
	"net/http"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// Somebody who has just joined is shown whom to follow, with their photographs, and one follow fills the page. The
// directory has everybody who wants to be found.
func TestANewMemberFindsPeople(t *testing.T) {
	site := start(t)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Fog over #vidblick")
	ben := servertest.NewClient(t, site.URL).SignUp("ben")
	ben.Do(servertest.Multipart("/settings/profile", servertest.Part{Field: "display_name", Data: []byte("Ben")}, servertest.Part{Field: "discoverable", Data: []byte("off")})).Want(http.StatusOK)

	cora := servertest.NewClient(t, site.URL).SignUp("cora")
	home := cora.Get("/").Want(http.StatusOK).Has("People to follow", `action="/@ada/follow"`, "/compose", "/settings/profile", "Look through all members").
		Lacks("/@ben", "/@cora/follow", "Fog over")
	if len(home.Photos()) == 0 {
		t.Error("nobody's photographs are shown")
	}
	cora.Post("/@ada/follow", "return", "/").Want(http.StatusOK).Has("Fog over")
	cora.Get("/").Want(http.StatusOK).Has("Fog over").Lacks(`action="/@ada/follow"`)
	cora.Get("/people/new").Want(http.StatusOK).Has("/@ada", "/@cora").Lacks("/@ben")

	visitor := servertest.NewClient(t, site.URL)
	visitor.Get("/people").Want(http.StatusOK).Has("/@ada").Lacks("/@ben", "/@cora", "/follow\"")
	visitor.Get("/people?after=500").Want(http.StatusOK).Lacks("/@ada")
	visitor.Get("/explore/popular").Want(http.StatusOK).Has("Popular")
	visitor.Get("/explore/tags").Want(http.StatusOK)
}
