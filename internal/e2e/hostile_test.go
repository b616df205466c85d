package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// What an upload's sender does wrong is told to the sender; it is no failure of the site.
func TestBrokenUploadsAreTheSendersMistake(t *testing.T) {
	s := start(t)
	m := servertest.NewClient(t, s.URL).SignUp("anna")
	head := "--b\r\nContent-Disposition: form-data; name=%q; filename=%q\r\n\r\n"
	var many, files strings.Builder
	for i := range 20_000 {
		for _, name := range []string{"photos", "avatar"} { // each page takes one of them for a file
			fmt.Fprintf(&files, "--b\r\nContent-Disposition: form-data; name=%q; filename=\"x\"\r\n\r\n\r\n", name)
		}
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
			{"files without end", files.String(), http.StatusRequestEntityTooLarge},
		} {
			q := servertest.Request{Method: http.MethodPost, Path: path, ContentType: "multipart/form-data; boundary=b", Body: []byte(c.body)}
			p := m.Do(q)
			for try := 0; p.Status == http.StatusServiceUnavailable && try < 5; try++ { // of a busy machine
				p = m.Do(q)
			}
			if p.Status != c.want {
				t.Errorf("%s with %s: %d, want %d: %s", path, c.what, p.Status, c.want, p.Text())
			}
		}
	}
}

// A form without scripts sends all photos in one body, and each may have the size that the form names. One that is too
// large does not affect the others, nor what was typed.
func TestAFormTakesAsManyPhotosAsItOffers(t *testing.T) {
	s := start(t, "MAX_UPLOAD_BYTES=1MiB")
	m := servertest.NewClient(t, s.URL).SignUp("anna")
	photo := func(name, field string, size int) servertest.Part {
		jpeg := phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7})
		return servertest.Part{Field: field, File: name, Data: append(jpeg, make([]byte, size-len(jpeg))...)}
	}
	const fits, tooLarge = 1_000_000, 1_200_000
	words := func(caption string) []servertest.Part {
		return []servertest.Part{
			{Field: "caption", Data: []byte(caption)}, {Field: "visibility", Data: []byte("followers")}, {Field: "licence", Data: []byte("cc-by-4.0")},
		}
	}
	m.Do(servertest.Multipart("/compose/photos", append(words("Three hills"), photo("first.jpg", "photos", fits), photo("wide.jpg", "photos", tooLarge),
		photo("second.jpg", "photos", fits), photo("third.jpg", "photos", fits))...)).
		Want(http.StatusUnprocessableEntity).
		Has("wide.jpg is too large. The limit is 1 MB.", "first.jpg", "second.jpg", "third.jpg", "Three hills")
	m.Do(servertest.Multipart("/compose/photos", append(words("Four hills"), photo("fourth.jpg", "photos", fits),
		servertest.Part{Field: "warning", Data: []byte("Heights" + strings.Repeat("!", 500))})...)).
		Want(http.StatusUnprocessableEntity).
		Has("Four hills", "Heights!!!", "fourth.jpg", `value="followers" checked`, `value="cc-by-4.0" selected`)

	m.Do(servertest.Multipart("/settings/profile", photo("face.jpg", "avatar", tooLarge), photo("sea.jpg", "header", tooLarge),
		servertest.Part{Field: "display_name", Data: []byte("Anna of the hills")}, servertest.Part{Field: "bio", Data: []byte("Walks a lot")})).
		Want(http.StatusUnprocessableEntity).
		Has("face.jpg is too large. The limit is 1 MB.", "sea.jpg is too large. The limit is 1 MB.", "Anna of the hills", "Walks a lot")
}

// A form past its limit must not count as an empty one, which would publish what was for followers to everybody.
func aTooLargeForm(t *testing.T, s stage) {
	m := s.join(t, "hanna")
	u, err := m.Upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7}))
	if err != nil || u.State != "ready" {
		t.Fatalf("upload: %+v, %v", u, err)
	}
	m.Publish("visibility", "followers", "caption", strings.Repeat("x", 2<<20)).Want(http.StatusRequestEntityTooLarge)
	s.visitor(t).Get("/explore").Want(http.StatusOK).Lacks("/@hanna/")
	m.Get("/compose").Want(http.StatusOK).Has("description-" + u.ID)
	m.Publish("visibility", "followers", "caption", "for followers").Want(http.StatusOK).Has("for followers")
}

// A browser shows the answer to the last of two clicks, so each must lead to the one post.
func aFormManyTimesAtOnce(t *testing.T, s stage) {
	m := s.join(t, "henry")
	if u, err := m.Upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7})); err != nil || u.State != "ready" {
		t.Fatalf("upload: %+v, %v", u, err)
	}
	form := url.Values{
		"idempotency_key": {m.Get("/compose").Key()}, "caption": {"Once"},
		"visibility": {"public"}, "licence": {"all-rights-reserved"},
	}
	answers := make([]servertest.Answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			// The form has a key, so that it may be sent once more where the machine is too busy for it.
			answers[i] = servertest.Again(50, func() servertest.Answer { return m.Try(servertest.Values("/compose", form)) })
			if answers[i].Err != nil {
				t.Error(answers[i].Err)
			}
		})
	}
	wg.Wait()
	for _, p := range answers {
		if p.Status != http.StatusOK || p.URL.Path != answers[0].URL.Path || !strings.HasPrefix(p.URL.Path, "/@henry/") {
			t.Errorf("%d at %s, the first at %s", p.Status, p.URL, answers[0].URL)
		}
	}
	m.Get("/compose").Want(http.StatusOK).Lacks("Once</textarea>")
}

// Anybody may register an application, so a link to the log-in of one must not send whoever follows it elsewhere.
func TestALinkToAuthorizeLeadsNowhereByItself(t *testing.T) {
	s := start(t)
	m := servertest.NewClient(t, s.URL).SignUp("anna")
	var app struct {
		ClientID string `json:"client_id"`
	}
	reply := m.Post("/api/v1/apps", "client_name", "Evil", "redirect_uris", "https://evil.example/").Want(http.StatusOK)
	if err := json.Unmarshal([]byte(reply.Body), &app); err != nil {
		t.Fatal(err)
	}
	m.Stay = true // or it would be led there
	ask := url.Values{"response_type": {"code"}, "client_id": {app.ClientID}, "redirect_uri": {"https://evil.example/"}}
	for name, value := range map[string]string{"scope": "write", "code_challenge_method": "plain", "code_challenge": "x"} {
		bad := url.Values{name: {value}}.Encode()
		m.Get("/oauth/authorize?" + ask.Encode() + "&" + bad).Want(http.StatusUnprocessableEntity)
	}
	m.Get("/oauth/authorize?" + ask.Encode()).Want(http.StatusOK)
}

// Where a log-in has expired, the form goes along through the log-in page, but no password is written into a page.
func TestNoPasswordIsCarriedThroughTheLogIn(t *testing.T) {
	s := start(t)
	p := servertest.NewClient(t, s.URL).Post("/settings/account", "what", "password", "current_password", "hunter2 hunter2", "new_password", "hunter3 hunter3")
	p.Want(http.StatusUnauthorized).Has("then.what").Lacks("hunter2", "hunter3")
}

// Whoever kept the address of a suspended member's photo has it no longer, until the member is back.
func TestPhotosOfTheSuspendedAreNotServed(t *testing.T) {
	s := start(t)
	m := servertest.NewClient(t, s.URL).SignUp("anna")
	other := servertest.NewClient(t, s.URL).SignUp("bert")
	mine := m.PublishPhoto(phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7}), "caption", "Mine").Photos()
	theirs := other.PublishPhoto(phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 8}), "caption", "Theirs").Photos()
	if len(mine) == 0 || len(theirs) == 0 {
		t.Fatal("no photos on the pages")
	}
	v := servertest.NewClient(t, s.URL)
	serves := func(urls []string, status int) {
		t.Helper()
		for _, u := range urls {
			v.Get(u).Want(status)
		}
	}
	serves(mine, http.StatusOK)
	for _, c := range []struct {
		args   []string
		status int
	}{
		{[]string{"account", "suspend", "anna"}, http.StatusNotFound},
		{[]string{"account", "suspend", "--undo", "anna"}, http.StatusOK},
	} {
		if _, stderr, err := s.Command(c.args...); err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		serves(mine, c.status)
		serves(theirs, http.StatusOK)
	}
}

// Nobody is asked whether to delete what is not theirs to delete.
func TestOnlyWhoMayDeleteIsAsked(t *testing.T) {
	s := start(t)
	anna, bert, cid := servertest.NewClient(t, s.URL).SignUp("anna"), servertest.NewClient(t, s.URL).SignUp("bert"), servertest.NewClient(t, s.URL).SignUp("cid")
	post := anna.PublishPhoto(phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7}), "caption", "Mine").URL.Path
	id := post[strings.LastIndexByte(post, '/')+1:]
	comment := bert.Post("/posts/"+id+"/comments", "text", "Nice", "idempotency_key", "k").Want(http.StatusOK).URL.Fragment
	for _, c := range []struct {
		who  *servertest.Client
		what string
		want int
	}{
		{anna, id, http.StatusOK}, {bert, id, http.StatusForbidden},
		{anna, strings.TrimPrefix(comment, "c-"), http.StatusOK}, {bert, strings.TrimPrefix(comment, "c-"), http.StatusOK},
		{cid, strings.TrimPrefix(comment, "c-"), http.StatusForbidden},
	} {
		if got := c.who.Get("/posts/" + c.what + "/delete").Status; got != c.want {
			t.Errorf("%s is answered %d for %s, want %d", c.who.Name, got, c.what, c.want)
		}
	}
}
