// Package fleettest holds the requirements of the scaled-out site as tests: several processes of the real program on
// servers that they share. What one of them is told, all know, and what fails behind them is not seen in front.
package fleettest

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

const (
	password    = servertest.Password
	newPassword = "battery staple correct"
	secretKey   = "SECRET_KEY=0123456789abcdef0123456789abcdef"
	// origin is where readers find a site of which no instance has to listen there: a client dials the one it wants.
	origin = "http://photos.localhost:8080"
)

// photo is small, and quickly made.
var photo = phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1})

// fleet is several instances of one site.
type fleet []*servertest.Instance

// newFleet starts n instances of one site, all at once.
func newFleet(t *testing.T, n int, env ...string) fleet {
	t.Helper()
	f := prepare(t, n, env...)
	f.start(t)
	return f
}

// prepare is newFleet without starting them. They share a folder of photos and, unless env names another one, a database
// of their own.
func prepare(t *testing.T, n int, env ...string) fleet {
	t.Helper()
	shared := []string{
		"MIGRATE=auto", "BASE_URL=" + origin, "MEDIA_DIR=" + filepath.Join(t.TempDir(), "media"), "REGISTRATION=open",
		"SIGNUP_LIMIT=1000/1h", "LOGIN_LIMIT=1000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=1000000/5m",
	}
	given := func(names ...string) bool {
		return slices.ContainsFunc(env, func(e string) bool {
			name, _, _ := strings.Cut(e, "=")
			return slices.Contains(names, name)
		})
	}
	if !given("SECRET_KEY", "SECRET_KEY_FILE") {
		shared = append(shared, secretKey)
	}
	if !given("DATABASE_URL", "DATABASE_URL_FILE", "SETTINGS") {
		shared = append(shared, "DATABASE_URL="+servertest.Database(t).NewDatabase(t))
	}
	var f fleet
	for range n {
		f = append(f, servertest.NewTintype(t, append(shared, env...)...))
	}
	return f
}

// start starts all at once and waits until they are ready.
func (f fleet) start(t *testing.T) {
	t.Helper()
	for _, i := range f {
		i.StartOnly()
	}
	errs := make([]error, len(f))
	var wg sync.WaitGroup
	for n, i := range f {
		wg.Go(func() { errs[n] = i.WaitReady(2 * time.Minute) })
	}
	wg.Wait()
	for n, err := range errs {
		if err != nil {
			t.Fatalf("instance %d: %v", n+1, err)
		}
	}
}

// browser is a visitor's, at one instance of the site; see Client.At for others.
func browser(t testing.TB, at *servertest.Instance) *servertest.Client {
	t.Helper()
	return servertest.NewClient(t, at.URL).At(at)
}

// published uploads a photo, posts it on a page, and returns the path of the post.
func published(c *servertest.Client, visibility string) string {
	return c.PublishPhoto(photo, "visibility", visibility, "caption", "A photo").Has("A photo").URL.Path
}
