package api_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/phototest"
	"tintype/internal/store"
)

func TestUpdateCredentials(t *testing.T) {
	s := newSite(t)
	s.work()
	anna := s.join("anna")
	const address = "/api/v1/accounts/update_credentials"
	patch := func(body string) map[string]any {
		t.Helper()
		return s.do(http.MethodPatch, address, anna.token, body).ok().object()
	}

	o := patch(form("display_name", "Anna <3", "note", "Hills.\n\nhttps://hills.test", "locked", "True", "source[privacy]", "unlisted",
		"source[sensitive]", "1", "source[language]", "de", "fields_attributes[0][name]", "web", "fields_attributes[0][value]", "https://anna.test"))
	for way, want := range map[string]any{
		"display_name": "Anna <3", "locked": true, "source.privacy": "unlisted", "source.sensitive": true, "source.language": "de",
		"source.note": "Hills.\n\nhttps://hills.test", "avatar": baseURL + "/static/avatar.png",
	} {
		if got := at(o, way); got != want {
			t.Errorf("%s is %v, want %v", way, got, want)
		}
	}
	if note := o["note"].(string); !strings.HasPrefix(note, "<p>Hills.</p><p>") || !strings.Contains(note, `href="https://hills.test"`) {
		t.Errorf("note %s", note)
	}
	if field := o["fields"].([]any)[0].(map[string]any); field["name"] != "web" || field["value"] != `<a href="https://anna.test" rel="nofollow noopener">https://anna.test</a>` {
		t.Errorf("field %v", field)
	}
	if verified := s.get("/api/v1/accounts/verify_credentials", anna.token).ok().object(); at(verified, "source.privacy") != "unlisted" || at(verified, "source.language") != "de" {
		t.Errorf("read again: %v", verified["source"])
	}

	// What is not said stays, in JSON as in a form.
	o = patch(`{"locked":false,"fields_attributes":[{"name":"a","value":"1"},{"name":"b","value":"2"}]}`)
	if o["locked"] != false || o["display_name"] != "Anna <3" || len(o["fields"].([]any)) != 2 {
		t.Errorf("after JSON: %v", o)
	}

	photo := string(phototest.JPEG(phototest.Options{Seed: 7}))
	o = s.upload(http.MethodPatch, address, anna.token, "avatar", "@"+photo, "header", "@"+photo, "display_name", "Anna").ok().object()
	first := o["avatar"].(string)
	if !strings.HasPrefix(first, baseURL+"/media/pub/") || !strings.HasSuffix(first, "/square.jpg") || o["display_name"] != "Anna" {
		t.Errorf("after an upload: %v", o)
	}
	if header := o["header"].(string); !strings.HasPrefix(header, baseURL+"/media/pub/") || strings.HasSuffix(header, "/square.jpg") {
		t.Errorf("header %s", header)
	}
	if o := s.get(path("/api/v1/accounts/%d", anna.ID), "").ok().object(); o["avatar"] != first {
		t.Errorf("a visitor sees %v", o["avatar"])
	}
	o = patch(`{"avatar":"data:image/jpeg;base64,` + base64.StdEncoding.EncodeToString([]byte(photo)) + `"}`)
	if second := o["avatar"].(string); second == first || !strings.HasPrefix(second, baseURL+"/media/pub/") {
		t.Errorf("after a data URI: %v", second)
	}
	if o := patch("avatar="); o["avatar"] != baseURL+"/static/avatar.png" || !strings.HasPrefix(o["header"].(string), baseURL+"/media/") {
		t.Errorf("after removal: %v", o)
	}

	for name, body := range map[string]string{
		"a long name":   form("display_name", strings.Repeat("x", 100)),
		"a long text":   form("note", strings.Repeat("x", 1000)),
		"no visibility": form("source[privacy]", "secret"),
		"direct":        form("source[privacy]", "direct"),
		"no picture":    `{"avatar":"data:image/jpeg;base64,aGVsbG8="}`,
		"broken base64": `{"avatar":"data:image/jpeg;base64,***"}`,
		"too many rows": form("fields_attributes[0][name]", "a", "fields_attributes[1][name]", "b", "fields_attributes[2][name]", "c", "fields_attributes[3][name]", "d", "fields_attributes[4][name]", "e"),
	} {
		if r := s.do(http.MethodPatch, address, anna.token, body); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	_, err := s.community.AddBlock(context.Background(), community.ByCommand(""), community.NewBlock{Kind: store.BlockWord, Value: "casino"})
	if err != nil {
		t.Fatal(err)
	}
	r := s.do(http.MethodPatch, address, anna.token, form("note", "A Casino", "display_name", "casino")).is(http.StatusUnprocessableEntity)
	if e := r.object(); !strings.HasPrefix(e["error"].(string), "Validation failed: That has the word “casino”, which is not allowed here.") || at(e, "details.note").([]any)[0].(map[string]any)["error"] != "ERR_BLOCKED" {
		t.Errorf("a blocked word: %s", r.body)
	}
	if o := s.get("/api/v1/accounts/verify_credentials", anna.token).ok().object(); o["display_name"] != "Anna" {
		t.Errorf("a refused change was made: %v", o)
	}
	s.do(http.MethodPatch, address, "", "locked=1").is(http.StatusUnauthorized)
	s.do(http.MethodPatch, address, s.tokenFor(anna.Account, "read"), "locked=1").is(http.StatusForbidden)
}

func TestEditingAndDeleting(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	o := s.publish(anna, "A hill #old")
	id := o["id"].(string)
	photo := at(o["media_attachments"].([]any)[0], "id").(string)
	put := func(body string) map[string]any {
		t.Helper()
		return s.do(http.MethodPut, "/api/v1/statuses/"+id, anna.token, body).ok().object()
	}
	o = put(form("status", "A mountain #new", "spoiler_text", "heights", "media_ids[]", photo, "media_attributes[][id]", photo,
		"media_attributes[][description]", "a mountain", "media_attributes[][focus]", "1,-1"))
	edited := o["media_attachments"].([]any)[0].(map[string]any)
	if !strings.Contains(o["content"].(string), "mountain") || o["spoiler_text"] != "heights" || edited["description"] != "a mountain" || at(edited, "meta.focus.y") != -1.0 {
		t.Errorf("edited: %v", o)
	}
	if at, _ := o["edited_at"].(string); !timestamp.MatchString(at) {
		t.Errorf("edited_at %v", o["edited_at"])
	}
	if tags := o["tags"].([]any); len(tags) != 1 || at(tags[0], "name") != "new" {
		t.Errorf("tags: %v", tags)
	}
	// A text alone leaves the photos; JSON says the same as a form.
	o = put(`{"status":"Only words","media_attributes":[{"id":"` + photo + `","description":"still a mountain"}]}`)
	if list := o["media_attachments"].([]any); len(list) != 1 || at(list[0], "description") != "still a mountain" {
		t.Errorf("photos: %v", list)
	}
	if r := s.do(http.MethodPut, "/api/v1/statuses/"+id, anna.token, `{"media_ids":[]}`).is(http.StatusUnprocessableEntity); !strings.Contains(r.body, "needs a photo") {
		t.Errorf("without photos: %s", r.body)
	}
	s.do(http.MethodPut, "/api/v1/statuses/"+id, anna.token, form("visibility", "direct")).is(http.StatusUnprocessableEntity)
	s.do(http.MethodPut, "/api/v1/statuses/"+id, bob.token, form("status", "mine")).is(http.StatusForbidden)
	s.do(http.MethodPut, "/api/v1/statuses/1", anna.token, form("status", "x")).is(http.StatusNotFound)

	comment := s.post("/api/v1/statuses", bob.token, form("status", "Hm", "in_reply_to_id", id)).ok().object()["id"].(string)
	s.do(http.MethodDelete, "/api/v1/statuses/"+id, bob.token, "").is(http.StatusForbidden)
	if o := s.do(http.MethodDelete, "/api/v1/statuses/"+comment, anna.token, "").ok().object(); o["id"] != comment {
		t.Errorf("a comment under one's post: %v", o)
	}
	o = s.do(http.MethodDelete, "/api/v1/statuses/"+id, anna.token, "").ok().object()
	wantKeys(t, o, statusKeys)
	if o["text"] != "Only words" || len(o["media_attachments"].([]any)) != 1 {
		t.Errorf("deleted: %v", o)
	}
	s.get("/api/v1/statuses/"+id, anna.token).is(http.StatusNotFound)
	s.do(http.MethodDelete, "/api/v1/statuses/"+id, anna.token, "").is(http.StatusNotFound)
}

// A picture whose base64 is wrong is refused for that, and one whose request breaks off for that.
func TestBadBase64IsNamed(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	whole := base64.StdEncoding.EncodeToString([]byte(picture(4)))
	const avatar, file = "avatar", "file"
	for name, data := range map[string]string{
		"other characters": "!!!" + whole, "cut in a group": whole[:len(whole)-len(whole)%4-3], "in its middle": whole[:400] + "*" + whole[400:],
		"with spaces for +": strings.Repeat("A A", 100),
	} {
		uri := "data:image/jpeg;base64," + data
		for field, answers := range map[string][]*reply{
			avatar: {
				s.do(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, `{"avatar":"`+uri+`"}`),
				s.do(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, form("avatar", uri)),
				s.upload(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, "avatar", uri),
			},
			file: {s.post("/api/v2/media", anna.token, `{"file":"`+uri+`"}`), s.upload(http.MethodPost, "/api/v1/media", anna.token, "file", uri)},
		} {
			for _, r := range answers {
				if said, _ := r.object()["error"].(string); r.status != http.StatusUnprocessableEntity || !strings.Contains(said, field+": ") || !strings.Contains(said, "base64") || strings.Contains(said, "interrupted") {
					t.Errorf("%s of %s: %d %s", name, field, r.status, r.body)
				}
			}
		}
	}
	cut := s.do(http.MethodPost, "/api/v2/media", anna.token, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ndata:image/jpeg;base64,"+whole[:101], "Content-Type", "multipart/form-data; boundary=x")
	if said, _ := cut.object()["error"].(string); cut.status < 400 || cut.status >= 500 || strings.Contains(said, "base64") {
		t.Errorf("a request that breaks off: %d %s", cut.status, cut.body)
	}
	if list := s.get("/api/v1/media", anna.token).ok().list(); len(list) != 0 {
		t.Errorf("what was refused waits: %v", list)
	}
}
