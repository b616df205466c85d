package api_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// upload sends a multipart body; a value that begins with "@" is a file.
func (s *site) upload(method, path, token string, pairs ...string) *reply {
	s.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		var part io.Writer
		var err error
		content, isFile := strings.CutPrefix(pairs[i+1], "@")
		if isFile {
			part, err = w.CreateFormFile(pairs[i], "IMG_1.jpg")
		} else {
			part, err = w.CreateFormField(pairs[i])
		}
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	return s.do(method, path, token, b.String(), "Content-Type", w.FormDataContentType())
}

func picture(seed int64) string {
	return string(phototest.JPEG(phototest.Options{Seed: seed, Width: 800, Height: 600}))
}

func TestMedia(t *testing.T) {
	s := newSite(t)
	s.work()
	anna, bob := s.join("anna"), s.join("bob")
	file := "@" + picture(1)
	for _, tt := range []struct {
		name, path string
		pairs      []string
	}{
		{"v1, fields first", "/api/v1/media", []string{"description", "a hill", "focus", "-0.5,0.25", "file", file}},
		{"v2, fields last", "/api/v2/media", []string{"file", file, "description", "a hill", "focus", "-0.5,0.25"}},
		{"v2, fields around", "/api/v2/media", []string{"description", "a hill", "file", file, "focus", "-0.5,0.25"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := s.upload(http.MethodPost, tt.path, anna.token, tt.pairs...).ok().object()
			wantKeys(t, o, mediaKeys)
			for way, want := range map[string]any{
				"type": "image", "description": "a hill", "meta.focus.x": -0.5, "meta.focus.y": 0.25, "meta.original.width": 800.0,
				"meta.original.size": "800x600", "remote_url": nil,
			} {
				if got := at(o, way); got != want {
					t.Errorf("%s is %v, want %v", way, got, want)
				}
			}
			for _, key := range []string{"url", "preview_url", "blurhash"} {
				if text, _ := o[key].(string); text == "" {
					t.Errorf("%s is %v", key, o[key])
				}
			}
			id := o["id"].(string)
			if again := s.get("/api/v1/media/"+id, anna.token).ok().object(); again["id"] != id {
				t.Errorf("again: %v", again)
			}
			s.get("/api/v1/media/"+id, bob.token).is(http.StatusNotFound)
			if o := s.do(http.MethodPut, "/api/v1/media/"+id, anna.token, form("description", "a mountain")).ok().object(); o["description"] != "a mountain" || at(o, "meta.focus.x") != -0.5 {
				t.Errorf("changed: %v", o)
			}
			if o := s.upload(http.MethodPut, "/api/v1/media/"+id, anna.token, "focus", "1,1").ok().object(); o["description"] != "a mountain" || at(o, "meta.focus.y") != 1.0 {
				t.Errorf("changed: %v", o)
			}
			s.do(http.MethodPut, "/api/v1/media/"+id, anna.token, form("focus", "middle")).is(http.StatusUnprocessableEntity)
			s.do(http.MethodPut, "/api/v1/media/"+id, bob.token, form("description", "mine")).is(http.StatusNotFound)
			s.do(http.MethodDelete, "/api/v1/media/"+id, bob.token, "").is(http.StatusNotFound)

			post := s.post("/api/v1/statuses", anna.token, form("status", "x", "media_ids[]", id)).ok().object()
			photo := post["media_attachments"].([]any)[0].(map[string]any)
			if photo["id"] != id || photo["description"] != "a mountain" {
				t.Errorf("posted: %v", photo)
			}
			s.do(http.MethodDelete, "/api/v1/media/"+id, anna.token, "").is(http.StatusUnprocessableEntity)
		})
	}
	t.Run("a data URI in JSON", func(t *testing.T) {
		body := `{"file":"data:image/jpeg;base64,` + base64.StdEncoding.EncodeToString([]byte(picture(2))) + `","description":"from a script"}`
		o := s.post("/api/v2/media", anna.token, body).ok().object()
		if o["description"] != "from a script" || o["url"] == nil {
			t.Errorf("got %v", o)
		}
		waits := func(as string) (ids []any) {
			for _, m := range s.get("/api/v1/media", as).ok().list() {
				ids = append(ids, m["id"])
			}
			return ids
		}
		if mine, others := waits(anna.token), waits(bob.token); len(mine) != 1 || mine[0] != o["id"] || len(others) != 0 {
			t.Errorf("waiting: %v, another's: %v", mine, others)
		}
		if got := s.do(http.MethodDelete, "/api/v1/media/"+o["id"].(string), anna.token, "").ok().body; got != "{}\n" {
			t.Errorf("delete answered %q", got)
		}
		s.get("/api/v1/media/"+o["id"].(string), anna.token).is(http.StatusNotFound)
	})
}

func TestMediaThatIsRefused(t *testing.T) {
	s := newSite(t, func(o *options) { o.community.MaxUploadBytes = 1 << 20 })
	s.work()
	anna := s.join("anna")
	for _, tt := range []struct {
		name   string
		pairs  []string
		status int
		says   string
	}{
		{"no file", []string{"description", "x"}, 422, "Validation failed: File can't be blank"},
		{"no photo", []string{"file", "@this is a text that says it is a photo"}, 422, "Validation failed: "},
		{"a photo cut off", []string{"file", "@" + picture(1)[:5000]}, 422, "Validation failed: "},
		{"HEIC", []string{"file", "@" + string(phototest.HEIC())}, 422, "Validation failed: "},
		{"too large", []string{"file", "@" + strings.Repeat("x", 1<<20+1)}, 413, "too large"},
		{"two files", []string{"file", "@" + picture(1), "file", "@" + picture(2)}, 422, "One file at a time"},
		{"a bad focus", []string{"file", "@" + picture(1), "focus", "x"}, 422, "Focus must be"},
		{"a focus without end", []string{"file", "@" + picture(1), "focus", "inf,-inf"}, 422, "Focus must be"},
		{"a long description", []string{"file", "@" + picture(1), "description", strings.Repeat("x", community.MaxDescription+1)}, 422, "Validation failed: "},
	} {
		for _, version := range []string{"v1", "v2"} {
			t.Run(tt.name+" "+version, func(t *testing.T) {
				r := s.upload(http.MethodPost, "/api/"+version+"/media", anna.token, tt.pairs...).is(tt.status)
				if said, _ := r.object()["error"].(string); !strings.Contains(said, tt.says) || len(said) <= len(tt.says) && tt.status == 422 && strings.HasSuffix(tt.says, ": ") {
					t.Errorf("says %q, want %q", said, tt.says)
				}
			})
		}
	}
	s.upload(http.MethodPost, "/api/v2/media", "", "file", "@x").is(http.StatusUnauthorized)
	s.upload(http.MethodPost, "/api/v2/media", s.tokenFor(anna.Account, "read"), "file", "@x").is(http.StatusForbidden)
}

// A photo that takes long is no error for clients of v2, which ask again, and one for those of v1, which do not.
func TestMediaThatTakesLong(t *testing.T) {
	s := newSite(t, func(o *options) { o.api.WaitV1, o.api.WaitV2 = time.Millisecond, time.Millisecond })
	anna := s.join("anna")
	o := s.upload(http.MethodPost, "/api/v2/media", anna.token, "file", "@"+picture(1), "description", "slow").is(http.StatusAccepted).object()
	wantKeys(t, o, mediaKeys)
	if o["url"] != nil || o["description"] != "slow" {
		t.Errorf("while in work: %v", o)
	}
	address := "/api/v1/media/" + o["id"].(string)
	if o := s.get(address, anna.token).is(http.StatusPartialContent).object(); o["url"] != nil {
		t.Errorf("asked for while in work: %v", o)
	}
	s.upload(http.MethodPost, "/api/v1/media", anna.token, "file", "@"+picture(1)).is(http.StatusServiceUnavailable)
	s.work()
	servertest.Eventually(t, "the photo is ready", func() bool { return s.get(address, anna.token).status != http.StatusPartialContent })
	if o := s.get(address, anna.token).ok().object(); o["url"] == nil {
		t.Errorf("ready: %v", o)
	}
}

// media_attributes change photos of a new post and of an edited one, and the addresses that others hold stay good.
func TestMediaAttributes(t *testing.T) {
	s := newSite(t)
	s.work()
	anna := s.join("anna")
	uploaded := s.upload(http.MethodPost, "/api/v2/media", anna.token, "file", "@"+picture(1), "description", "first").ok().object()
	other := s.upload(http.MethodPost, "/api/v2/media", anna.token, "file", "@"+picture(2)).ok().object()["id"].(string)
	id := uploaded["id"].(string)
	held := []any{uploaded["url"], uploaded["preview_url"]}
	check := func(when string, post map[string]any, description string, x float64) {
		t.Helper()
		photos := post["media_attachments"].([]any)
		if len(photos) != 1 || at(photos[0], "id") != id || at(photos[0], "description") != description || at(photos[0], "meta.focus.x") != x {
			t.Errorf("%s: %v", when, photos)
		}
		held = append(held, at(photos[0], "url"), at(photos[0], "preview_url"))
	}
	for _, tt := range []struct{ name, id, focus string }{{"another photo", other, "0,0"}, {"no id", "", "0,0"}, {"no point", id, "middle"}} {
		s.post("/api/v1/statuses", anna.token, form("status", "x", "media_ids[]", id, "media_attributes[][id]", tt.id, "media_attributes[][focus]", tt.focus)).is(http.StatusUnprocessableEntity)
	}
	post := s.post("/api/v1/statuses", anna.token, `{"status":"x","media_ids":["`+id+`"],"media_attributes":[{"id":"`+id+`","description":"second","focus":"-0.5,0.25"}]}`).ok().object()
	check("posted", post, "second", -0.5)
	address := "/api/v1/statuses/" + post["id"].(string)
	moved := func(from any) func() bool {
		return func() bool { return at(s.get(address, "").object()["media_attachments"].([]any)[0], "url") != from }
	}
	servertest.Eventually(t, "the square follows the focal point of the new post", moved(held[len(held)-2]))
	check("read", s.get(address, "").ok().object(), "second", -0.5)
	check("edited", s.do(http.MethodPut, address, anna.token, form("media_attributes[][id]", id, "media_attributes[][focus]", "1,1")).ok().object(), "second", 1)
	servertest.Eventually(t, "the square follows the focal point of the edit", moved(held[len(held)-2]))
	check("read again", s.get(address, "").ok().object(), "second", 1)
	s.do(http.MethodPut, address, anna.token, form("media_attributes[][id]", other, "media_attributes[][description]", "x")).is(http.StatusUnprocessableEntity)
	for _, address := range held {
		key, ok := strings.CutPrefix(address.(string), baseURL+"/media/")
		if !ok {
			t.Fatalf("address %v", address)
		}
		file, err := s.community.Media.Open(t.Context(), key)
		if err != nil {
			t.Errorf("the address %s is dead: %v", key, err)
			continue
		}
		file.Close()
	}
}
