package servertest_test

import (
	"net/http"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A client is a browser or an application, reaches an instance whatever the
// site's address is, and tells its own cookies from a copy's.
func TestClient(t *testing.T) {
	const address = "http://photos.localhost:8080" // where nobody listens
	site := servertest.Tintype(t, "BASE_URL="+address, "REGISTRATION=open")
	photo := phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1})
	at := func() *servertest.Client { return servertest.NewClient(t, address).At(site) }

	ada := at().SignUp("ada")
	post := ada.PublishPhoto(photo, "caption", "By a browser")
	post.Has("By a browser").Lacks("By an application")
	if len(post.Photos()) == 0 {
		t.Errorf("no photo on %s", post.URL)
	}
	visitor := at()
	visitor.Sees(post.URL.Path, "By a browser")
	visitor.LoggedOut()
	visitor.Misses("/@nobody")
	for _, photo := range post.PhotosByKey() {
		visitor.Get(photo).Want(http.StatusOK)
	}

	app := at().SignUpByToken("ben")
	made := app.PostPhoto(photo, "By an application")
	if len(made.Media) != 1 || made.URL == "" {
		t.Errorf("%+v", made)
	}
	ada.WithToken(ada.NewToken()).Post("/api/v1/statuses/" + made.ID + "/favourite").Want(http.StatusOK)

	stay := *ada
	stay.Stay = true
	if a := stay.Post("/@ben/follow").Want(http.StatusSeeOther); a.Header.Get("Location") == "" {
		t.Errorf("led nowhere: %v", a.Header)
	}
	ada.Post("/@ben/unfollow").Want(http.StatusOK) // where it led
	ada.Do(servertest.Form("/logout").With("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")).Want(http.StatusForbidden)

	old := ada.Cookies()
	ada.Post("/logout").Want(http.StatusOK)
	ada.LoggedOut()
	ada.Bring(old)
	ada.LoggedOut()
	ada.LogIn("ada", servertest.Password).Want(http.StatusOK)
	ada.LoggedIn("ada")

	site.Kill()
	if a := visitor.Try(servertest.Read("/about")); a.Err == nil || a.Status != 0 {
		t.Errorf("an answer of nobody: %d, %v", a.Status, a.Err)
	}
}
