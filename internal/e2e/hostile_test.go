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
)

// What an upload's sender does wrong is told to the sender; it is no failure of the site.
func TestBrokenUploadsAreTheSendersMistake(t *testing.T) {
	s := start(t)
	m := join(t, s.URL, "anna")
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
			req := m.request(http.MethodPost, path, "multipart/form-data; boundary=b", strings.NewReader(c.body))
			if p := m.do(req); p.status != c.want {
				t.Errorf("%s with %s: %d, want %d: %s", path, c.what, p.status, c.want, p.text())
			}
		}
	}
}

// A form past its limit must not count as an empty one, which would publish what was for followers to everybody.
func aTooLargeForm(t *testing.T, s stage) {
	m := s.join(t, "hanna")
	u, err := m.upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7}))
	if err != nil || u.State != "ready" {
		t.Fatalf("upload: %+v, %v", u, err)
	}
	m.publish("visibility", "followers", "caption", strings.Repeat("x", 2<<20)).want(http.StatusRequestEntityTooLarge)
	s.visitor(t).get("/explore").want(http.StatusOK).lacks("/@hanna/")
	m.get("/compose").want(http.StatusOK).has("description-" + u.ID)
	m.publish("visibility", "followers", "caption", "for followers").want(http.StatusOK).has("for followers")
}

// A browser shows the answer to the last of two clicks, so each must lead to the one post.
func aFormManyTimesAtOnce(t *testing.T, s stage) {
	m := s.join(t, "henry")
	if u, err := m.upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7})); err != nil || u.State != "ready" {
		t.Fatalf("upload: %+v, %v", u, err)
	}
	form := url.Values{
		"idempotency_key": {keyField.FindStringSubmatch(m.get("/compose").body)[1]}, "caption": {"Once"},
		"visibility": {"public"}, "licence": {"all-rights-reserved"},
	}.Encode()
	answers := make([]page, 20)
	var wg sync.WaitGroup
	for i := range answers {
		req := m.request(http.MethodPost, "/compose", "application/x-www-form-urlencoded", strings.NewReader(form))
		wg.Go(func() {
			var err error
			if answers[i], err = m.try(req); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, p := range answers {
		if p.status != http.StatusOK || p.url.Path != answers[0].url.Path || !strings.HasPrefix(p.url.Path, "/@henry/") {
			t.Errorf("%d at %s, the first at %s", p.status, p.url, answers[0].url)
		}
	}
	m.get("/compose").want(http.StatusOK).lacks("Once</textarea>")
}

// Anybody may register an application, so a link to the log-in of one must not send whoever follows it elsewhere.
func TestALinkToAuthorizeLeadsNowhereByItself(t *testing.T) {
	s := start(t)
	m := join(t, s.URL, "anna")
	var app struct {
		ClientID string `json:"client_id"`
	}
	reply := m.post("/api/v1/apps", "client_name", "Evil", "redirect_uris", "https://evil.example/").want(http.StatusOK)
	if err := json.Unmarshal([]byte(reply.body), &app); err != nil {
		t.Fatal(err)
	}
	m.http.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		t.Errorf("led to %s", req.URL)
		return http.ErrUseLastResponse
	}
	ask := url.Values{"response_type": {"code"}, "client_id": {app.ClientID}, "redirect_uri": {"https://evil.example/"}}
	for name, value := range map[string]string{"scope": "write", "code_challenge_method": "plain", "code_challenge": "x"} {
		bad := url.Values{name: {value}}.Encode()
		m.get("/oauth/authorize?" + ask.Encode() + "&" + bad).want(http.StatusUnprocessableEntity)
	}
	m.get("/oauth/authorize?" + ask.Encode()).want(http.StatusOK)
}

// Where a log-in has expired, the form goes along through the log-in page, but no password is written into a page.
func TestNoPasswordIsCarriedThroughTheLogIn(t *testing.T) {
	s := start(t)
	p := visitor(t, s.URL).post("/settings/account", "what", "password", "current_password", "hunter2 hunter2", "new_password", "hunter3 hunter3")
	p.want(http.StatusUnauthorized).has("then.what").lacks("hunter2", "hunter3")
}

// Whoever kept the address of a suspended member's photo has it no longer, until the member is back.
func TestPhotosOfTheSuspendedAreNotServed(t *testing.T) {
	s := start(t)
	m := join(t, s.URL, "anna")
	other := join(t, s.URL, "bert")
	mine := m.postPhoto(phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7}), "caption", "Mine").media()
	theirs := other.postPhoto(phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 8}), "caption", "Theirs").media()
	if len(mine) == 0 || len(theirs) == 0 {
		t.Fatal("no photos on the pages")
	}
	v := visitor(t, s.URL)
	serves := func(urls []string, status int) {
		t.Helper()
		for _, u := range urls {
			v.get(u).want(status)
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
	anna, bert, cid := join(t, s.URL, "anna"), join(t, s.URL, "bert"), join(t, s.URL, "cid")
	post := anna.postPhoto(phototest.JPEG(phototest.Options{Width: 400, Height: 300, Seed: 7}), "caption", "Mine").url.Path
	id := post[strings.LastIndexByte(post, '/')+1:]
	comment := bert.post("/posts/"+id+"/comments", "text", "Nice", "idempotency_key", "k").want(http.StatusOK).url.Fragment
	for _, c := range []struct {
		who  *member
		what string
		want int
	}{
		{anna, id, http.StatusOK}, {bert, id, http.StatusForbidden},
		{anna, strings.TrimPrefix(comment, "c-"), http.StatusOK}, {bert, strings.TrimPrefix(comment, "c-"), http.StatusOK},
		{cid, strings.TrimPrefix(comment, "c-"), http.StatusForbidden},
	} {
		if got := c.who.get("/posts/" + c.what + "/delete").status; got != c.want {
			t.Errorf("%s is answered %d for %s, want %d", c.who.name, got, c.what, c.want)
		}
	}
}
