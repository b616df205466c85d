package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// Muted people are left out of feeds, threads and notifications, and do not learn of it; what one asks for by name is there.
func TestMutes(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo := s.join("anna"), s.join("bob"), s.join("cleo")
	for _, who := range []*member{bob, cleo} {
		s.post(path("/api/v1/accounts/%d/follow", who.ID), anna.token, "").ok()
	}
	mine := s.publish(anna, "Mine")["id"].(string)
	his := s.publish(bob, "His #hill")["id"].(string)
	hers := s.publish(cleo, "Hers #hill")["id"].(string)
	s.post("/api/v1/statuses", bob.token, form("status", "A comment", "in_reply_to_id", mine)).ok()
	boost := s.post("/api/v1/statuses/"+his+"/reblog", cleo.token, "").ok().object()["id"].(string)

	relation := func(what, body string) map[string]any {
		t.Helper()
		return s.post(path("/api/v1/accounts/%d/"+what, bob.ID), anna.token, body).ok().object()
	}
	lists := map[string]string{"home": "/api/v1/timelines/home", "public": "/api/v1/timelines/public", "tag": "/api/v1/timelines/tag/hill"}
	see := func(what string, his1 bool) {
		t.Helper()
		for name, address := range lists {
			ids := idsIn(s.get(address, anna.token).ok().list())
			if slices.Contains(ids, his) != his1 || slices.Contains(ids, boost) || !slices.Contains(ids, hers) {
				t.Errorf("%s: %s has %v", what, name, ids)
			}
		}
		comments := s.get("/api/v1/statuses/"+mine+"/context", anna.token).ok().object()["descendants"].([]any)
		if (len(comments) == 1) != his1 {
			t.Errorf("%s: comments %v", what, comments)
		}
	}
	told := func() int { return len(s.get("/api/v1/notifications", anna.token).ok().list()) }
	see("before", true)
	if n := told(); n != 1 {
		t.Errorf("%d notifications before", n)
	}
	if r := relation("mute", ""); r["muting"] != true || r["muting_notifications"] != true || r["following"] != true {
		t.Errorf("mute: %v", r)
	}
	see("muted", false)
	if n := told(); n != 0 {
		t.Errorf("%d notifications of a muted account", n)
	}
	s.post("/api/v1/statuses/"+mine+"/favourite", bob.token, "").ok()
	if list := s.get(path("/api/v1/accounts/%d/statuses", bob.ID), anna.token).ok().list(); len(list) == 0 {
		t.Error("the profile of a muted account is empty")
	}
	s.get("/api/v1/statuses/"+his, anna.token).ok()
	if list := s.get("/api/v1/mutes", anna.token).ok().list(); len(list) != 1 || list[0]["acct"] != "bob" || list[0]["mute_expires_at"] != nil {
		t.Errorf("mutes: %v", list)
	}
	for _, query := range []string{"/api/v1/accounts/search?q=bob", "/api/v1/accounts/search?q=@bob"} { // who unmutes looks there first
		if list := s.get(query, anna.token).ok().list(); len(list) != 1 || list[0]["acct"] != "bob" {
			t.Errorf("%s: %v", query, list)
		}
	}
	if found := s.get("/api/v2/search?type=accounts&q=bob", anna.token).ok().object()["accounts"].([]any); len(found) != 1 {
		t.Errorf("a search for a muted account finds %v", found)
	}
	for _, who := range []*member{bob, cleo} {
		list := s.get(path("/api/v1/accounts/relationships?id=%d", anna.ID), who.token).ok().list()
		if list[0]["muting"] != false || list[0]["blocked_by"] != false {
			t.Errorf("%s learns of it: %v", who.Username, list)
		}
		if list := s.get("/api/v1/mutes", who.token).ok().list(); len(list) != 0 {
			t.Errorf("mutes of %s: %v", who.Username, list)
		}
	}
	// Feeds only, and for a while.
	if r := relation("mute", "notifications=false&duration=3600"); r["muting"] != true || r["muting_notifications"] != false {
		t.Errorf("mute without notifications: %v", r)
	}
	if n := told(); n != 1 { // of the comment; the like came while it was to be left out
		t.Errorf("%d notifications", n)
	}
	ends, err := time.Parse(time.RFC3339, s.get("/api/v1/mutes", anna.token).ok().list()[0]["mute_expires_at"].(string))
	if left := time.Until(ends); err != nil || left < 50*time.Minute || left > time.Hour {
		t.Errorf("the mute ends in %v, %v", left, err)
	}
	see("muted for an hour", false)
	if _, err := s.store.SQL().ExecContext(s.ctx(), "UPDATE mutes SET ends_at = 1"); err != nil {
		t.Fatal(err)
	}
	see("when it is over", true)
	if list := s.get("/api/v1/mutes", anna.token).ok().list(); len(list) != 0 {
		t.Errorf("mutes that are over: %v", list)
	}
	relation("mute", "")
	if r := relation("unmute", ""); r["muting"] != false || r["muting_notifications"] != false {
		t.Errorf("unmute: %v", r)
	}
	see("unmuted", true)
	s.post(path("/api/v1/accounts/%d/mute", anna.ID), anna.token, "").is(http.StatusUnprocessableEntity)
	s.post("/api/v1/accounts/1/mute", anna.token, "").is(http.StatusNotFound)
	s.post(path("/api/v1/accounts/%d/mute", bob.ID), anna.token, "duration=-1").is(http.StatusUnprocessableEntity)
	s.post(path("/api/v1/accounts/%d/mute", bob.ID), s.tokenFor(anna.Account, "read"), "").is(http.StatusForbidden)
}

func TestConversationMutes(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo := s.join("anna"), s.join("bob"), s.join("cleo")
	id := s.publish(anna, "A hill")["id"].(string)
	comment := s.post("/api/v1/statuses", bob.token, form("status", "One", "in_reply_to_id", id)).ok().object()["id"].(string)
	// By a comment of it the whole conversation is meant.
	if o := s.post("/api/v1/statuses/"+comment+"/mute", anna.token, "").ok().object(); o["muted"] != true {
		t.Errorf("mute: %v", o)
	}
	s.post("/api/v1/statuses/"+comment+"/mute", anna.token, "").ok()
	if o := s.get("/api/v1/statuses/"+id, anna.token).ok().object(); o["muted"] != true {
		t.Errorf("the post: %v", o)
	}
	if o := s.get("/api/v1/statuses/"+id, bob.token).ok().object(); o["muted"] != false {
		t.Errorf("for bob: %v", o)
	}
	s.post("/api/v1/statuses", cleo.token, form("status", "Two, @anna", "in_reply_to_id", comment)).ok()
	s.post("/api/v1/statuses/"+id+"/favourite", cleo.token, "").ok()
	s.post("/api/v1/statuses/"+id+"/reblog", cleo.token, "").ok()
	if list := s.get("/api/v1/notifications", anna.token).ok().list(); len(list) != 1 || at(list[0], "status.id") != comment {
		t.Errorf("told of a muted conversation: %v", list)
	}
	if list := s.get("/api/v1/notifications", bob.token).ok().list(); len(list) != 1 {
		t.Errorf("bob is told of %v", list)
	}
	if o := s.post("/api/v1/statuses/"+id+"/unmute", anna.token, "").ok().object(); o["muted"] != false {
		t.Errorf("unmute: %v", o)
	}
	s.post("/api/v1/statuses", cleo.token, form("status", "Three", "in_reply_to_id", id)).ok()
	if list := s.get("/api/v1/notifications", anna.token).ok().list(); len(list) != 2 {
		t.Errorf("after unmuting: %v", list)
	}
}

func TestNotes(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	note := func(text string) any {
		t.Helper()
		return s.post(path("/api/v1/accounts/%d/note", bob.ID), anna.token, form("comment", text)).ok().object()["note"]
	}
	for _, text := range []string{"met at the lake", "  lends a 300 mm ", ""} {
		want := text
		if text == "  lends a 300 mm " {
			want = "lends a 300 mm"
		}
		if got := note(text); got != want {
			t.Errorf("note %q: %v", text, got)
		}
		if list := s.get(path("/api/v1/accounts/relationships?id=%d", bob.ID), anna.token).ok().list(); list[0]["note"] != want {
			t.Errorf("note %q: %v", text, list)
		}
		if list := s.get(path("/api/v1/accounts/relationships?id=%d", anna.ID), bob.token).ok().list(); list[0]["note"] != "" {
			t.Errorf("bob reads %v", list)
		}
	}
	s.post("/api/v1/accounts/1/note", anna.token, "comment=x").is(http.StatusNotFound)
}
