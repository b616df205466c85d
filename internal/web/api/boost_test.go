package api_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/store"
)

func idsIn(list []map[string]any) (ids []string) {
	for _, o := range list {
		ids = append(ids, o["id"].(string))
	}
	return ids
}

func TestBoosts(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo, dora := s.join("anna"), s.join("bob"), s.join("cleo"), s.join("dora")
	id := s.publish(anna, "A hill")["id"].(string)
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), cleo.token, "").ok()
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), dora.token, "").ok()
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), dora.token, "").ok()

	boost := s.post("/api/v1/statuses/"+id+"/reblog", bob.token, "").ok().object()
	wantKeys(t, boost, statusKeys)
	wantKeys(t, boost["reblog"].(map[string]any), statusKeys)
	own := boost["id"].(string)
	for way, want := range map[string]any{
		"account.acct": "bob", "reblog.id": id, "reblog.account.acct": "anna", "reblog.reblogged": true, "reblog.reblogs_count": 1.0, "reblogged": true, "reblog.reblog": nil,
		"reblog.application.name": "Test client", "application": nil,
	} {
		if got := at(boost, way); got != want {
			t.Errorf("boost: %s is %v, want %v", way, got, want)
		}
	}
	if own == id || boost["uri"] == at(boost, "reblog.uri") || len(boost["media_attachments"].([]any)) != 0 || len(at(boost, "reblog.media_attachments").([]any)) != 1 {
		t.Errorf("boost: %v", boost)
	}
	if again := s.post("/api/v1/statuses/"+id+"/reblog", bob.token, "").ok().object(); again["id"] != own || at(again, "reblog.reblogs_count") != 1.0 {
		t.Errorf("boost again: %v", again)
	}
	home := func(of *member) []string { return idsIn(s.get("/api/v1/timelines/home", of.token).ok().list()) }
	for _, tt := range []struct {
		who  string
		of   *member
		want []string
	}{
		{"the author", anna, []string{id}}, {"who boosted", bob, []string{own}}, {"a follower", cleo, []string{own}}, {"a follower of both", dora, []string{id}},
	} {
		if got := home(tt.of); !slices.Equal(got, tt.want) {
			t.Errorf("home of %s: %v, want %v", tt.who, got, tt.want)
		}
	}
	for _, narrow := range []string{"private", "direct", "banana"} {
		s.post("/api/v1/statuses/"+id+"/reblog", dora.token, form("visibility", narrow)).is(http.StatusUnprocessableEntity)
	}
	if got := s.get("/api/v1/statuses/"+id, dora.token).ok().object(); got["reblogs_count"] != 1.0 {
		t.Errorf("a boost that was refused counts: %v", got["reblogs_count"])
	}
	// The boost's id works wherever a status is asked for.
	if o := s.post("/api/v1/statuses", cleo.token, form("status", "Which hill?", "in_reply_to_id", own)).ok().object(); o["in_reply_to_id"] != id {
		t.Errorf("a comment on a boost: %v", o)
	}
	if o := s.post("/api/v1/reports", cleo.token, form("account_id", strconv.FormatInt(anna.ID, 10), "status_ids[]", own)).ok().object(); !slices.Equal(o["status_ids"].([]any), []any{id}) {
		t.Errorf("a report of a boost: %v", o)
	}
	if o := s.get("/api/v1/statuses/"+own, "").ok().object(); at(o, "reblog.id") != id || at(o, "reblog.reblogged") != false {
		t.Errorf("the boost by its id: %v", o)
	}
	if list := s.get("/api/v1/statuses?id[]="+own+"&id[]=17&id[]="+id+"&id[]="+own, "").ok().list(); !slices.Equal(idsIn(list), []string{own, id}) || at(list[0], "reblog.id") != id {
		t.Errorf("a boost among ids: %v", list)
	}
	if list := s.get("/api/v1/statuses?id[]="+own, "").ok().list(); !slices.Equal(idsIn(list), []string{own}) {
		t.Errorf("a boost alone: %v", list)
	}
	if o := s.post("/api/v1/statuses/"+own+"/favourite", cleo.token, "").ok().object(); o["id"] != id || o["favourites_count"] != 1.0 {
		t.Errorf("to like a boost: %v", o)
	}
	s.get("/api/v1/statuses/"+own+"/context", "").ok()
	if list := s.get("/api/v1/statuses/"+own+"/reblogged_by", "").ok().list(); len(list) != 1 || list[0]["acct"] != "bob" {
		t.Errorf("reblogged_by: %v", list)
	}
	if n := s.get("/api/v1/notifications?types[]=reblog", anna.token).ok().list(); len(n) != 1 || at(n[0], "status.id") != id || at(n[0], "account.acct") != "bob" {
		t.Errorf("notifications: %v", n)
	}
	of := func(query string) []string {
		return idsIn(s.get(path("/api/v1/accounts/%d/statuses", bob.ID)+query, "").ok().list())
	}
	for query, want := range map[string][]string{"": {own}, "?exclude_replies=true": {own}, "?exclude_reblogs=true": nil, "?only_media=true": nil, "?tagged=x": nil, "?pinned=true": nil} {
		if got := of(query); !slices.Equal(got, want) {
			t.Errorf("bob's statuses%s: %v, want %v", query, got, want)
		}
	}
	// Without boosts.
	r := s.post(path("/api/v1/accounts/%d/follow", bob.ID), cleo.token, "reblogs=false").ok().object()
	if r["following"] != true || r["showing_reblogs"] != false {
		t.Errorf("a follow without boosts: %v", r)
	}
	if got := home(cleo); got != nil {
		t.Errorf("home without boosts: %v", got)
	}
	if r := s.post(path("/api/v1/accounts/%d/follow", bob.ID), cleo.token, "").ok().object(); r["showing_reblogs"] != false {
		t.Errorf("a follow again: %v", r)
	}
	if r := s.post(path("/api/v1/accounts/%d/follow", bob.ID), cleo.token, "reblogs=true").ok().object(); r["showing_reblogs"] != true || len(home(cleo)) != 1 {
		t.Errorf("a follow with boosts: %v", r)
	}
	// Whoever blocks either of the two sees nothing of it.
	s.post(path("/api/v1/accounts/%d/block", anna.ID), cleo.token, "").ok()
	if got := home(cleo); got != nil {
		t.Errorf("home of who blocks the author: %v", got)
	}
	s.get("/api/v1/statuses/"+own, cleo.token).is(http.StatusNotFound)
	s.post(path("/api/v1/accounts/%d/unblock", anna.ID), cleo.token, "").ok()
	s.post(path("/api/v1/accounts/%d/block", bob.ID), dora.token, "").ok()
	if list := s.get("/api/v1/statuses/"+id+"/reblogged_by", dora.token).ok().list(); len(list) != 0 {
		t.Errorf("reblogged_by for who blocks bob: %v", list)
	}
	// Taken back: by the boost's id, or the post's.
	if o := s.do("DELETE", "/api/v1/statuses/"+own, bob.token, "").ok().object(); at(o, "reblog.id") != id {
		t.Errorf("deleted: %v", o)
	}
	if o := s.get("/api/v1/statuses/"+id, bob.token).ok().object(); o["reblogs_count"] != 0.0 || o["reblogged"] != false {
		t.Errorf("after it was taken back: %v", o)
	}
	s.get("/api/v1/statuses/"+own, "").is(http.StatusNotFound)
	if n := s.get("/api/v1/notifications?types[]=reblog", anna.token).ok().list(); len(n) != 0 {
		t.Errorf("notifications of a boost that was taken back: %v", n)
	}
	s.post("/api/v1/statuses/"+id+"/reblog", bob.token, "").ok()
	if o := s.post("/api/v1/statuses/"+id+"/unreblog", bob.token, "").ok().object(); o["id"] != id || o["reblogged"] != false || o["reblog"] != nil {
		t.Errorf("unreblog: %v", o)
	}
	s.post("/api/v1/statuses/"+id+"/unreblog", bob.token, "").ok()
	if got := home(bob); got != nil {
		t.Errorf("home after that: %v", got)
	}
	s.do("DELETE", "/api/v1/statuses/"+id, bob.token, "").is(http.StatusForbidden)
}

// A boost leads nobody to what they may not see.
func TestWhatCannotBeBoosted(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo := s.join("anna"), s.join("bob"), s.join("cleo")
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok()
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), cleo.token, "").ok()
	secret := s.post("/api/v1/statuses", anna.token, form("status", "For friends", "visibility", "private", "media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPrivate), 10))).ok().object()["id"].(string)
	open := s.publish(anna, "For all", "visibility", "unlisted")["id"].(string)
	comment := s.post("/api/v1/statuses", bob.token, form("status", "Fine", "in_reply_to_id", open)).ok().object()["id"].(string)
	for id, says := range map[string]string{secret: "Only public and unlisted", comment: "not comments"} {
		for _, who := range []*member{anna, bob} {
			r := s.post("/api/v1/statuses/"+id+"/reblog", who.token, "").is(http.StatusUnprocessableEntity)
			if !strings.Contains(string(r.body), says) {
				t.Errorf("refused with %s", r.body)
			}
		}
	}
	s.post("/api/v1/statuses/"+secret+"/reblog", cleo.token, "").is(http.StatusNotFound)
	s.post("/api/v1/statuses/1/reblog", cleo.token, "").is(http.StatusNotFound)
	s.post("/api/v1/statuses/"+open+"/reblog", "", "").is(http.StatusUnauthorized)
	s.post("/api/v1/statuses/"+open+"/reblog", s.tokenFor(bob.Account, "read"), "").is(http.StatusForbidden)

	boost := s.post("/api/v1/statuses/"+open+"/reblog", bob.token, "").ok().object()["id"].(string)
	public := func() []string { return idsIn(s.get("/api/v1/timelines/public", cleo.token).ok().list()) }
	if got := public(); got != nil {
		t.Errorf("public: %v", got)
	}
	if got := idsIn(s.get("/api/v1/timelines/home", cleo.token).ok().list()); !slices.Equal(got, []string{boost}) {
		t.Errorf("home: %v", got)
	}
	// What becomes private leaves with its boosts.
	if _, err := s.store.SQL().ExecContext(s.ctx(), "UPDATE posts SET visibility = 'followers', listed = 0 WHERE id = ?", open); err != nil {
		t.Fatal(err)
	}
	for _, who := range []*member{cleo, {}} {
		s.get("/api/v1/statuses/"+boost, who.token).is(http.StatusNotFound)
		if list := s.get("/api/v1/statuses?id[]="+boost, who.token).ok().list(); len(list) != 0 {
			t.Errorf("by its id: %v", list)
		}
		if list := s.get(path("/api/v1/accounts/%d/statuses", bob.ID)+"?exclude_replies=true", who.token).ok().list(); len(list) != 0 {
			t.Errorf("bob's statuses: %v", list)
		}
	}
	if got := idsIn(s.get("/api/v1/timelines/home", cleo.token).ok().list()); got != nil {
		t.Errorf("home: %v", got)
	}
	s.post("/api/v1/statuses/"+open+"/unreblog", bob.token, "").ok()
}
