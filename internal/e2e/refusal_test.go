package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// Who asks before sending an upload (Expect: 100-continue, as curl does) hears of a refusal before a byte of it is sent,
// on pages as in the API.
func TestARefusalComesBeforeTheUpload(t *testing.T) {
	site := start(t)
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	var cookies []string
	for _, c := range m.Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	session := "Cookie: " + strings.Join(cookies, "; ") + "\r\n"
	const elsewhere = "Origin: https://elsewhere.example\r\nSec-Fetch-Site: cross-site\r\n"
	form := servertest.File("/compose/photos", "photos", phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1}))
	for _, c := range []struct {
		what, path, headers string
		length, status      int
	}{
		{"a visitor", "/compose/photos", "", 5_000_000, http.StatusUnauthorized},
		{"a script of a visitor", "/compose/photos", "Accept: application/json\r\n", 5_000_000, http.StatusUnauthorized},
		{"a visitor's picture", "/settings/profile", "", 5_000_000, http.StatusUnauthorized},
		{"an application without a token", "/api/v2/media", "", 5_000_000, http.StatusUnauthorized},
		{"a form on another site", "/compose/photos", session + elsewhere, 5_000_000, http.StatusForbidden},
		{"no such page", "/compose/nothing", session, 5_000_000, http.StatusNotFound},
		{"too much", "/compose/photos", session, 2_000_000_000, http.StatusRequestEntityTooLarge},
		{"too large a comment", "/posts/1/comments", session, 5_000_000, http.StatusRequestEntityTooLarge},
		{"a photo", "/compose/photos", session, len(form.Body), http.StatusContinue},
	} {
		t.Run(c.what, func(t *testing.T) {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", site.Port))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost:%d\r\n%sContent-Type: %s\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n",
				c.path, site.Port, c.headers, form.ContentType, c.length); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(conn)
			answer, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != c.status {
				t.Fatalf("the first answer is %s, want %d", answer.Status, c.status)
			}
			if c.status != http.StatusContinue {
				if text, err := io.ReadAll(answer.Body); err != nil || len(text) == 0 {
					t.Errorf("%q, %v", text, err)
				}
				return
			}
			if _, err := conn.Write(form.Body); err != nil {
				t.Fatal(err)
			}
			if answer, err = http.ReadResponse(r, nil); err != nil || answer.StatusCode != http.StatusSeeOther {
				t.Fatalf("the photo: %+v, %v", answer, err)
			}
			m.Get("/compose").Has("photo.jpg")
		})
	}
}

// What somebody sends who may not is kept nowhere: the words go into the log-in's form, and no file lies in the temporary
// folder, neither meanwhile nor afterwards.
func TestFilesOfStrangersAreNotKept(t *testing.T) {
	dir := t.TempDir()
	site := start(t, "TMPDIR="+dir)
	visitor := servertest.NewClient(t, site.URL)
	visitor.Stay = true
	m := servertest.NewClient(t, site.URL).SignUp("ada")
	m.Stay = true
	token := servertest.NewClient(t, site.URL).SignUpByToken("bert")
	large := bytes.Repeat([]byte("photo!"), 500_000) // more than is held in memory
	form := func(path, field string) servertest.Request {
		return servertest.Multipart(path, servertest.Part{Field: "caption", Data: []byte("words before")},
			servertest.Part{Field: field, File: "a.jpg", Data: large}, servertest.Part{Field: "title", Data: []byte("words after")})
	}
	for _, c := range []struct {
		who         *servertest.Client
		path, field string
		status      int
		kept        bool
	}{
		{visitor, "/compose/photos", "photos", http.StatusUnauthorized, true},
		{visitor, "/compose/share", "photos", http.StatusUnauthorized, true},
		{visitor, "/posts/1/photos", "photos", http.StatusUnauthorized, true},
		{visitor, "/settings/profile", "avatar", http.StatusUnauthorized, true},
		{visitor, "/settings/import/file", "file", http.StatusUnauthorized, true},
		{visitor, "/settings/import/part", "file", http.StatusUnauthorized, true},
		{visitor, "/admin/site/picture", "picture", http.StatusUnauthorized, true},
		{visitor, "/login", "file", http.StatusRequestEntityTooLarge, false},
		{visitor, "/nowhere", "file", http.StatusNotFound, false},
		{visitor, "/api/v2/media", "file", http.StatusUnauthorized, false},
		{visitor, "/api/v1/apps", "file", http.StatusUnprocessableEntity, false},
		{m, "/admin/site/picture", "picture", http.StatusNotFound, false},
		{m, "/posts/1/photos", "photos", http.StatusNotFound, false},
		{m, "/compose/photos", "photos", http.StatusUnprocessableEntity, false},
		{m, "/settings/profile", "avatar", http.StatusUnprocessableEntity, false},
		{token, "/api/v2/media", "file", http.StatusUnprocessableEntity, false},
		{token, "/api/v1/statuses", "file", http.StatusUnprocessableEntity, false},
	} {
		a := c.who.Do(form(c.path, c.field))
		if a.Status != c.status {
			t.Errorf("%s as %q: %d, want %d: %s", c.path, c.who.Name, a.Status, c.status, a.Text())
		}
		if c.kept {
			a.Has(`value="words before"`, `value="words after"`).Lacks("photo!")
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Errorf("%s as %q leaves %s", c.path, c.who.Name, e.Name())
		}
	}
}
