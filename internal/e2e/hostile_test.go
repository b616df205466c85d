package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tintype/internal/phototest"
)

// What an upload's sender does wrong is told to the sender; it is no failure of the site.
func TestBrokenUploadsAreTheSendersMistake(t *testing.T) {
	s := start(t)
	m := join(t, s.URL, "anna")
	head := "--b\r\nContent-Disposition: form-data; name=%q; filename=%q\r\n\r\n"
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, "--b\r\nContent-Disposition: form-data; name=\"f%d\"\r\n\r\n\r\n", i)
	}
	for _, path := range []string{"/compose/photos", "/settings/profile"} {
		for _, c := range []struct {
			what, body string
			want       int
		}{
			{"garbage", "garbage", http.StatusUnprocessableEntity},
			{"torn header", "--b\r\nContent-", http.StatusUnprocessableEntity},
			{"torn field", "--b\r\nContent-Disposition: form-data; name=\"bio\"\r\n\r\nwo", http.StatusUnprocessableEntity},
			{"control characters", strings.ReplaceAll(fmt.Sprintf(head, "photos", "NUL.jpg"), "NUL", "\x00\x01"), http.StatusUnprocessableEntity},
			{"fields without end", many.String(), http.StatusRequestEntityTooLarge},
		} {
			req := m.request(http.MethodPost, path, "multipart/form-data; boundary=b", strings.NewReader(c.body))
			if p := m.do(req); p.status != c.want {
				t.Errorf("%s with %s: %d, want %d: %s", path, c.what, p.status, c.want, p.text())
			}
		}
	}
}

// A form past its limit must not count as an empty one, which would publish what was for followers to everybody.
func TestATooLargeFormPublishesNothing(t *testing.T) {
	s := start(t)
	m := join(t, s.URL, "anna")
	u, err := m.upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7}))
	if err != nil || u.State != "ready" {
		t.Fatalf("upload: %+v, %v", u, err)
	}
	m.publish("visibility", "followers", "caption", strings.Repeat("x", 2<<20)).want(http.StatusRequestEntityTooLarge)
	visitor(t, s.URL).get("/explore").want(http.StatusOK).lacks("/@anna/")
	m.get("/compose").want(http.StatusOK).has("description-" + u.ID)
	m.publish("visibility", "followers", "caption", "for followers").want(http.StatusOK).has("for followers")
}
