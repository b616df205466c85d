package api_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tintype/internal/store"
)

func TestPins(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	var posts []string
	for i := range 6 {
		posts = append(posts, s.publish(anna, fmt.Sprint("Hill ", i))["id"].(string))
	}
	for _, id := range posts[:5] {
		if o := s.post("/api/v1/statuses/"+id+"/pin", anna.token, "").ok().object(); o["pinned"] != true {
			t.Errorf("pin: %v", o)
		}
	}
	s.post("/api/v1/statuses/"+posts[0]+"/pin", anna.token, "").ok()
	if r := s.post("/api/v1/statuses/"+posts[5]+"/pin", anna.token, "").is(http.StatusUnprocessableEntity); !strings.Contains(string(r.body), "5 posts") {
		t.Errorf("the sixth: %s", r.body)
	}
	pinned := func(token string) []string {
		return idsIn(s.get(path("/api/v1/accounts/%d/statuses?pinned=true", anna.ID), token).ok().list())
	}
	want := slices.Clone(posts[:5])
	slices.Reverse(want)
	if got := pinned(""); !slices.Equal(got, want) {
		t.Errorf("pinned: %v, want %v", got, want)
	}
	for query, some := range map[string][]string{
		"&max_id=" + want[1]: want[2:], "&max_id=" + want[4]: nil, "&min_id=" + want[3] + "&limit=2": want[1:3], "&since_id=" + want[3] + "&limit=2": want[:2],
		"&limit=1": want[:1], "&tagged=hill": nil, "&exclude_replies=true&only_media=true&exclude_reblogs=true": want,
	} {
		if got := idsIn(s.get(path("/api/v1/accounts/%d/statuses?pinned=true", anna.ID)+query, "").ok().list()); !slices.Equal(got, some) {
			t.Errorf("pinned%s: %v, want %v", query, got, some)
		}
	}
	var paged []string
	for _, page := range s.pages(path("/api/v1/accounts/%d/statuses?pinned=true&limit=2", anna.ID), "") {
		paged = append(paged, idsIn(page)...)
	}
	if !slices.Equal(paged, want) {
		t.Errorf("pinned, page by page: %v, want %v", paged, want)
	}
	if o := s.get("/api/v1/statuses/"+posts[0], bob.token).ok().object(); o["pinned"] != false {
		t.Errorf("for another: %v", o)
	}
	if o := s.post("/api/v1/statuses/"+posts[0]+"/unpin", anna.token, "").ok().object(); o["pinned"] != false {
		t.Errorf("unpin: %v", o)
	}
	s.do("DELETE", "/api/v1/statuses/"+posts[1], anna.token, "").ok()
	if got := pinned(bob.token); !slices.Equal(got, want[:3]) {
		t.Errorf("after one is unpinned and one deleted: %v", got)
	}
	s.post("/api/v1/statuses/"+posts[2]+"/pin", bob.token, "").is(http.StatusForbidden)
	comment := s.post("/api/v1/statuses", anna.token, form("status", "Fine", "in_reply_to_id", posts[2])).ok().object()["id"].(string)
	s.post("/api/v1/statuses/"+comment+"/pin", anna.token, "").is(http.StatusUnprocessableEntity)
	// Whoever may not see a post does not see that it is pinned.
	if _, err := s.store.SQL().ExecContext(s.ctx(), "UPDATE posts SET visibility = 'followers', listed = 0 WHERE id = ?", posts[2]); err != nil {
		t.Fatal(err)
	}
	if got := pinned(bob.token); !slices.Equal(got, want[:2]) {
		t.Errorf("for who may not see one: %v", got)
	}
}

func TestHistory(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	id := s.publish(anna, "One")["id"].(string)
	said := func() (list []string) {
		for _, o := range s.get("/api/v1/statuses/"+id+"/history", bob.token).ok().list() {
			if at(o, "account.acct") != "anna" || len(o["media_attachments"].([]any)) != 1 {
				t.Errorf("version: %v", o)
			}
			list = append(list, o["content"].(string))
		}
		return list
	}
	if got := said(); !slices.Equal(got, []string{"<p>One</p>"}) {
		t.Errorf("before it was edited: %v", got)
	}
	for _, text := range []string{"Two", "Three"} {
		s.do("PUT", "/api/v1/statuses/"+id, anna.token, form("status", text)).ok()
	}
	if got := said(); !slices.Equal(got, []string{"<p>One</p>", "<p>Two</p>", "<p>Three</p>"}) {
		t.Errorf("history: %v", got)
	}
	if _, err := s.store.SQL().ExecContext(s.ctx(), "UPDATE posts SET visibility = 'followers', listed = 0 WHERE id = ?", id); err != nil {
		t.Fatal(err)
	}
	s.get("/api/v1/statuses/"+id+"/history", bob.token).is(http.StatusNotFound)
	s.get("/api/v1/statuses/"+id+"/history", "").is(http.StatusNotFound)
}

// Links have no previews. Whoever may not see a post does not learn from that either that it is there.
func TestCard(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	id := s.publish(anna, "See https://example.org")["id"].(string)
	boost := s.post("/api/v1/statuses/"+id+"/reblog", bob.token, "").ok().object()["id"].(string)
	for _, of := range []string{id, boost} {
		for _, as := range []string{"", anna.token, bob.token} {
			if o := s.get("/api/v1/statuses/"+of+"/card", as).ok().object(); len(o) != 0 {
				t.Errorf("card: %v", o)
			}
		}
	}
	if _, err := s.store.SQL().ExecContext(s.ctx(), "UPDATE posts SET visibility = 'followers', listed = 0 WHERE id = ?", id); err != nil {
		t.Fatal(err)
	}
	s.get("/api/v1/statuses/"+id+"/card", anna.token).ok()
	s.get("/api/v1/statuses/"+id+"/card", bob.token).is(http.StatusNotFound)
	s.get("/api/v1/statuses/"+id+"/card", "").is(http.StatusNotFound)
	s.get("/api/v1/statuses/1/card", anna.token).is(http.StatusNotFound)
}

func TestFollowedTags(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo := s.join("anna"), s.join("bob"), s.join("cleo")
	follow := func(tag, how string) map[string]any {
		t.Helper()
		return s.post("/api/v1/tags/"+tag+"/"+how, anna.token, "").ok().object()
	}
	if o := follow("Fog", "follow"); o["name"] != "Fog" || o["following"] != true {
		t.Errorf("follow: %v", o)
	}
	follow("fog", "follow")
	follow("hill", "follow")
	both := s.publish(bob, "A #hill in #fog")["id"].(string)
	other := s.publish(bob, "A #lake")["id"].(string)
	hidden := s.publish(cleo, "#fog for some", "visibility", "unlisted")["id"].(string)
	home := func() []string { return idsIn(s.get("/api/v1/timelines/home", anna.token).ok().list()) }
	if got := home(); !slices.Equal(got, []string{both}) {
		t.Errorf("home: %v, and neither %s nor %s", got, other, hidden)
	}
	if got := idsIn(s.get("/api/v1/timelines/home?min_id=1", anna.token).ok().list()); !slices.Equal(got, []string{both}) {
		t.Errorf("home upwards: %v", got)
	}
	if list := s.get("/api/v1/followed_tags", anna.token).ok().list(); len(list) != 2 || list[0]["name"] != "hill" || list[1]["following"] != true {
		t.Errorf("followed tags: %v", list)
	}
	if list := s.get("/api/v1/followed_tags", bob.token).ok().list(); len(list) != 0 {
		t.Errorf("bob's: %v", list)
	}
	if o := s.get("/api/v1/tags/fog", anna.token).ok().object(); o["following"] != true {
		t.Errorf("the tag: %v", o)
	}
	if o := s.get("/api/v1/tags/fog", "").ok().object(); o["following"] != false {
		t.Errorf("the tag for a visitor: %v", o)
	}
	// A boost of what the tag has brought brings nothing, and followed authors come once.
	s.post(path("/api/v1/accounts/%d/follow", cleo.ID), anna.token, "").ok()
	s.post("/api/v1/statuses/"+both+"/reblog", cleo.token, "").ok()
	if got := home(); !slices.Equal(got, []string{hidden, both}) {
		t.Errorf("home with a boost: %v", got)
	}
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), anna.token, "").ok()
	if got := home(); !slices.Equal(got, []string{hidden, other, both}) {
		t.Errorf("home with the author: %v", got)
	}
	s.post(path("/api/v1/accounts/%d/unfollow", bob.ID), anna.token, "").ok()
	s.post(path("/api/v1/accounts/%d/mute", bob.ID), anna.token, "").ok()
	if got := home(); !slices.Equal(got, []string{hidden}) {
		t.Errorf("home where bob is muted: %v", got)
	}
	s.post(path("/api/v1/accounts/%d/unmute", bob.ID), anna.token, "").ok()
	follow("fog", "unfollow")
	if o := follow("hill", "unfollow"); o["following"] != false {
		t.Errorf("unfollow: %v", o)
	}
	if got := home(); len(got) != 2 { // what cleo posted, and boosted
		t.Errorf("home after that: %v", got)
	}
	s.post("/api/v1/tags/"+strings.Repeat("x", 300)+"/follow", anna.token, "").is(http.StatusUnprocessableEntity)
	s.post("/api/v1/tags/fog/follow", s.tokenFor(anna.Account, "read"), "").is(http.StatusForbidden)
}

// Who guesses a tag does not learn whether others used it in posts for followers, when, or in which spelling: the answers are those about
// a tag that nobody has used.
func TestFollowingATagTellsNothing(t *testing.T) {
	s := newSite(t)
	anna, cleo := s.join("anna"), s.join("cleo")
	s.post("/api/v1/statuses", cleo.token, form("status", "Shh, #SurpriseForAnna", "visibility", "private", "media_ids[]", number(s.photo(cleo, store.SetPrivate)))).ok()
	answers := func(name string) (all [3]map[string]any) {
		t.Helper()
		all[0] = s.post("/api/v1/tags/"+name+"/follow", anna.token, "").ok().object()
		all[1] = s.get("/api/v1/tags/"+name, anna.token).ok().object()
		for _, o := range s.get("/api/v1/followed_tags", anna.token).ok().list() {
			if strings.EqualFold(o["name"].(string), name) {
				all[2] = o
			}
		}
		for i, o := range all {
			if o["name"] != name || o["following"] != true {
				t.Errorf("answer %d about %s: %v", i, name, o)
			}
			delete(o, "name")
			delete(o, "url")
		}
		return all
	}
	if used, unused := answers("surpriseforanna"), answers("surpriseforbob"); !reflect.DeepEqual(used, unused) {
		t.Errorf("of one that was used:\n%v\nof one that was not:\n%v", used, unused)
	}
	s.publish(cleo, "Told: #SurpriseForAnna")
	if list := s.get("/api/v1/followed_tags", anna.token).ok().list(); list[1]["name"] != "SurpriseForAnna" || list[1]["id"] == "0" || list[1]["following"] != true {
		t.Errorf("once it is public: %v", list)
	}
	if o := s.post("/api/v1/tags/surpriseforbob/unfollow", anna.token, "").ok().object(); o["following"] != false {
		t.Errorf("unfollowed: %v", o)
	}
	if list := s.get("/api/v1/followed_tags", anna.token).ok().list(); len(list) != 1 {
		t.Errorf("after that: %v", list)
	}
}
