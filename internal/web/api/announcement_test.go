package api_test

import (
	"net/url"
	"strings"
	"testing"

	"tintype/internal/community"
)

// Members' clients read what was announced, dismiss it and react, as Mastodon documents it.
func TestAnnouncementsForClients(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	walk, err := s.community.Announce(s.ctx(), community.ByCommand(""), community.NewAnnouncement{Text: "Ask @bob about the #walk <now>."})
	if err != nil {
		t.Fatal(err)
	}
	at1 := path("/api/v1/announcements/%d", walk.ID)
	s.get("/api/v1/announcements", "").is(401)
	s.post(at1+"/dismiss", "", "").is(401)
	first := func(o any, list, key string) any {
		if all, _ := at(o, list).([]any); len(all) > 0 {
			return at(all[0], key)
		}
		return nil
	}
	list := s.get("/api/v1/announcements", anna.token).ok().list()
	if len(list) != 1 || at(list[0], "id") != strings.TrimPrefix(at1, "/api/v1/announcements/") || at(list[0], "read") != false || first(list[0], "mentions", "acct") != "bob" || first(list[0], "tags", "name") != "walk" ||
		at(list[0], "starts_at") != nil || at(list[0], "all_day") != false || !strings.Contains(at(list[0], "content").(string), "&lt;now&gt;") {
		t.Errorf("%v", list)
	}
	thumb := at1 + "/reactions/" + url.PathEscape("👍")
	for range 2 {
		s.do("PUT", thumb, anna.token, "").ok()
		s.post(at1+"/dismiss", anna.token, "").ok()
	}
	s.do("PUT", at1+"/reactions/thumbsup", anna.token, "").is(422)
	s.do("PUT", "/api/v1/announcements/1/reactions/"+url.PathEscape("👍"), anna.token, "").is(404)
	s.post("/api/v1/announcements/1/dismiss", anna.token, "").is(404)
	if list := s.get("/api/v1/announcements", anna.token).ok().list(); len(list) != 0 {
		t.Errorf("after she dismissed it: %v", list)
	}
	if list := s.get("/api/v1/announcements?with_dismissed=true", anna.token).ok().list(); len(list) != 1 || at(list[0], "read") != true || first(list[0], "reactions", "me") != true {
		t.Errorf("with what she dismissed: %v", list)
	}
	if list := s.get("/api/v1/announcements", bob.token).ok().list(); len(list) != 1 || first(list[0], "reactions", "name") != "👍" || first(list[0], "reactions", "count") != 1.0 || first(list[0], "reactions", "me") != false {
		t.Errorf("for bob: %v", list)
	}
	s.do("DELETE", thumb, anna.token, "").ok()
	if list := s.get("/api/v1/announcements", bob.token).ok().list(); len(list) != 1 || first(list[0], "reactions", "name") != nil {
		t.Errorf("taken back: %v", list)
	}
}
