package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

func namesIn(list []map[string]any) (names []string) {
	for _, a := range list {
		names = append(names, a["acct"].(string))
	}
	slices.Sort(names)
	return names
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

// A list is made, changed and deleted by whose it is, and by nobody else.
func TestLists(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo, dan := s.join("anna"), s.join("bob"), s.join("cleo"), s.join("dan")
	for _, who := range []*member{bob, cleo} {
		s.post(path("/api/v1/accounts/%d/follow", who.ID), anna.token, "").ok()
	}
	if r := s.post("/api/v1/lists", anna.token, `{"title":" Close\nfriends "}`).ok().body; !strings.Contains(r, `"title":"Close friends","replies_policy":"list","exclusive":false}`) {
		t.Errorf("a new list: %s", r)
	}
	list := s.get("/api/v1/lists", anna.token).ok().list()
	if len(list) != 1 {
		t.Fatalf("lists: %v", list)
	}
	id := idOf(list[0])
	at := "/api/v1/lists/" + id
	if l := s.do(http.MethodPut, at, anna.token, form("title", "Friends", "replies_policy", "none")).ok().object(); l["title"] != "Friends" || l["replies_policy"] != "none" || l["exclusive"] != false || l["id"] != id {
		t.Errorf("changed: %v", l)
	}
	if l := s.get(at, anna.token).ok().object(); l["title"] != "Friends" {
		t.Errorf("read: %v", l)
	}
	for body, want := range map[string]string{
		`{}`: "name", `{"title":" "}`: "name", `{"title":"x","replies_policy":"all"}`: "Replies policy", `{"title":"x","exclusive":"banana"}`: "exclusive",
		`{"title":"` + strings.Repeat("x", community.MaxListTitle+1) + `"}`: "100",
	} {
		r := s.post("/api/v1/lists", anna.token, body).is(http.StatusUnprocessableEntity)
		if !strings.Contains(r.body, want) {
			t.Errorf("%s: %s", body, r.body)
		}
	}

	// Who is followed can be in it, and nobody else.
	add := func(token string, ids ...int64) *reply {
		t.Helper()
		var pairs []string
		for _, id := range ids {
			pairs = append(pairs, "account_ids[]", number(id))
		}
		return s.post(at+"/accounts", token, form(pairs...))
	}
	in := func() []string { return namesIn(s.get(at+"/accounts?limit=0", anna.token).ok().list()) }
	if r := add(anna.token, bob.ID, dan.ID).is(http.StatusUnprocessableEntity); !strings.Contains(r.body, "follow") {
		t.Errorf("who is not followed: %s", r.body)
	}
	add(anna.token, bob.ID, 99).is(http.StatusNotFound)
	add(anna.token).is(http.StatusUnprocessableEntity)
	s.post(at+"/accounts", anna.token, form("account_ids[]", "bob")).is(http.StatusNotFound)
	if got := in(); len(got) != 0 {
		t.Errorf("what was refused was done: %v", got)
	}
	if r := add(anna.token, bob.ID, cleo.ID).ok(); r.body != "{}\n" {
		t.Errorf("added: %s", r.body)
	}
	add(anna.token, bob.ID).ok() // is in it
	if got := in(); !slices.Equal(got, []string{"bob", "cleo"}) {
		t.Errorf("in the list: %v", got)
	}
	r := s.get(at+"/accounts?limit=1", anna.token).ok()
	next := strings.TrimPrefix(strings.SplitN(strings.Trim(strings.SplitN(r.header.Get("Link"), ";", 2)[0], "<>"), "/api/", 2)[1], "")
	if second := s.get("/api/"+next, anna.token).ok(); len(r.list()) != 1 || len(second.list()) != 1 || namesIn(second.list())[0] == namesIn(r.list())[0] || strings.Contains(second.header.Get("Link"), "next") {
		t.Errorf("pages: %v, %v, %s", r.list(), second.list(), second.header.Get("Link"))
	}
	with := func(other *member, token string) *reply {
		return s.get(path("/api/v1/accounts/%d/lists", other.ID), token)
	}
	if l := with(bob, anna.token).ok().list(); len(l) != 1 || l[0]["id"] != id {
		t.Errorf("lists with bob: %v", l)
	}
	if l := with(dan, anna.token).ok().list(); len(l) != 0 {
		t.Errorf("lists with dan: %v", l)
	}
	if l := with(cleo, bob.token).ok().list(); len(l) != 0 {
		t.Errorf("bob hears of anna's lists: %v", l)
	}
	s.get("/api/v1/accounts/99/lists", anna.token).is(http.StatusNotFound)

	// Nobody else's business.
	for _, c := range []struct{ method, path, body string }{
		{http.MethodGet, at, ""}, {http.MethodPut, at, "title=x"}, {http.MethodDelete, at, ""}, {http.MethodGet, at + "/accounts", ""},
		{http.MethodPost, at + "/accounts", form("account_ids[]", number(cleo.ID))}, {http.MethodDelete, at + "/accounts", form("account_ids[]", number(cleo.ID))},
		{http.MethodGet, "/api/v1/timelines/list/" + id, ""}, {http.MethodGet, "/api/v1/timelines/list/x", ""},
	} {
		s.do(c.method, c.path, bob.token, c.body).is(http.StatusNotFound)
		s.do(c.method, c.path, "", c.body).is(http.StatusUnauthorized)
		s.do(c.method, c.path, s.tokenFor(anna.Account, "read:statuses"), c.body).is(http.StatusForbidden)
	}
	if l := s.get("/api/v1/lists", bob.token).ok().list(); len(l) != 0 {
		t.Errorf("bob's lists: %v", l)
	}
	s.do(http.MethodDelete, at+"/accounts?account_ids[]="+number(cleo.ID)+"&account_ids[]="+number(dan.ID), anna.token, "").ok()
	if got := in(); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("after cleo left: %v", got)
	}
	if r := s.do(http.MethodDelete, at, anna.token, "").ok(); r.body != "{}\n" {
		t.Errorf("deleted: %s", r.body)
	}
	s.get(at, anna.token).is(http.StatusNotFound)
	for range community.MaxLists {
		s.post("/api/v1/lists", anna.token, "title=more").ok()
	}
	s.post("/api/v1/lists", anna.token, "title=more").is(http.StatusUnprocessableEntity)
}

// A list's feed has what its members post and boost, as the home feed has it of all that are followed.
func TestListTimeline(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo, dan := s.join("anna"), s.join("bob"), s.join("cleo"), s.join("dan")
	for _, who := range []*member{bob, cleo} {
		s.post(path("/api/v1/accounts/%d/follow", who.ID), anna.token, "").ok()
	}
	id := idOf(s.post("/api/v1/lists", anna.token, "title=Friends").ok().object())
	put := func() {
		t.Helper()
		s.post("/api/v1/lists/"+id+"/accounts", anna.token, form("account_ids[]", number(bob.ID))).ok()
	}
	put()
	s.publish(anna, "Mine")
	bobs, cleos, dans := idOf(s.publish(bob, "Bob's")), idOf(s.publish(cleo, "Cleo's")), idOf(s.publish(dan, "Dan's"))
	ours := idOf(s.post("/api/v1/statuses", bob.token, form("status", "Ours", "visibility", "private", "media_ids[]", number(s.photo(bob, store.SetPrivate)))).ok().object())
	s.post("/api/v1/statuses", bob.token, form("status", "A comment", "in_reply_to_id", bobs)).ok()
	boost := idOf(s.post("/api/v1/statuses/"+dans+"/reblog", bob.token, "").ok().object())
	s.post("/api/v1/statuses/"+bobs+"/reblog", cleo.token, "").ok()
	feed := func() []string { return idsIn(s.get("/api/v1/timelines/list/"+id, anna.token).ok().list()) }
	home := func() []string { return idsIn(s.get("/api/v1/timelines/home", anna.token).ok().list()) }
	all := []string{boost, ours, bobs}
	if got := feed(); !slices.Equal(got, all) {
		t.Errorf("the list has %v, want %v", got, all)
	}
	r := s.get("/api/v1/timelines/list/"+id+"?limit=2", anna.token).ok()
	if link := r.header.Get("Link"); !strings.Contains(link, "/api/v1/timelines/list/"+id+"?limit=2&max_id="+ours) {
		t.Errorf("the next page: %s", link)
	}
	if got := idsIn(s.get("/api/v1/timelines/list/"+id+"?limit=2&max_id="+ours, anna.token).ok().list()); !slices.Equal(got, []string{bobs}) {
		t.Errorf("the second page: %v", got)
	}
	if got := idsIn(s.get("/api/v1/timelines/list/"+id+"?limit=2&min_id="+bobs, anna.token).ok().list()); !slices.Equal(got, []string{boost, ours}) {
		t.Errorf("upwards: %v", got)
	}

	// An exclusive list takes its members out of the home feed.
	change := func(body string) { s.do(http.MethodPut, "/api/v1/lists/"+id, anna.token, body).ok() }
	before := home()
	change("exclusive=true")
	if got := home(); slices.Contains(got, bobs) || slices.Contains(got, boost) || slices.Contains(got, ours) || !slices.Contains(got, cleos) {
		t.Errorf("home beside an exclusive list: %v", got)
	}
	if got := feed(); !slices.Equal(got, all) {
		t.Errorf("the exclusive list has %v", got)
	}
	change("exclusive=false")
	if got := home(); !slices.Equal(got, before) {
		t.Errorf("home is %v and was %v", got, before)
	}

	// What is hidden at home is hidden here.
	follow := path("/api/v1/accounts/%d/follow", bob.ID)
	s.post(follow, anna.token, "reblogs=false").ok()
	if got := feed(); !slices.Equal(got, []string{ours, bobs}) {
		t.Errorf("without boosts: %v", got)
	}
	s.post(follow, anna.token, "reblogs=true").ok()
	s.post(path("/api/v1/accounts/%d/mute", bob.ID), anna.token, "").ok()
	if got := feed(); len(got) != 0 {
		t.Errorf("of a muted account: %v", got)
	}
	s.post(path("/api/v1/accounts/%d/unmute", bob.ID), anna.token, "").ok()
	hide := func(sql string) {
		t.Helper()
		if _, err := s.store.SQL().ExecContext(s.ctx(), "UPDATE accounts SET suspended_at = "+sql+" WHERE id = ?", bob.ID); err != nil {
			t.Fatal(err)
		}
	}
	people := func() []string {
		return namesIn(s.get("/api/v1/lists/"+id+"/accounts", anna.token).ok().list())
	}
	hide("1")
	if got := feed(); len(got) != 0 || len(people()) != 0 {
		t.Errorf("of a suspended account: %v, in the list %v", got, people())
	}
	hide("NULL")
	if got := feed(); !slices.Equal(got, all) {
		t.Errorf("when all is as it was: %v", got)
	}

	// Whoever is followed no more has left the list for good.
	for what, end := range map[string]func(){
		"unfollow": func() { s.post(path("/api/v1/accounts/%d/unfollow", bob.ID), anna.token, "").ok() },
		"removed":  func() { s.post(path("/api/v1/accounts/%d/remove_from_followers", anna.ID), bob.token, "").ok() },
		"blocks": func() {
			s.post(path("/api/v1/accounts/%d/block", bob.ID), anna.token, "").ok()
			s.post(path("/api/v1/accounts/%d/unblock", bob.ID), anna.token, "").ok()
		},
		"is blocked": func() {
			s.post(path("/api/v1/accounts/%d/block", anna.ID), bob.token, "").ok()
			s.post(path("/api/v1/accounts/%d/unblock", anna.ID), bob.token, "").ok()
		},
	} {
		end()
		if got := feed(); len(got) != 0 {
			t.Errorf("%s: %v", what, got)
		}
		s.post(follow, anna.token, "").ok()
		if got := people(); len(got) != 0 {
			t.Errorf("%s, and followed again: %v", what, got)
		}
		put()
	}
}

// A list's stream tells of what its feed has, to whose list it is.
func TestListStream(t *testing.T) {
	s := newSite(t)
	root := s.serve() + "/api/v1/streaming"
	anna, bob, cleo, dan := s.join("anna"), s.join("bob"), s.join("cleo"), s.join("dan")
	for _, who := range []*member{bob, cleo} {
		s.post(path("/api/v1/accounts/%d/follow", who.ID), anna.token, "").ok()
	}
	id := idOf(s.post("/api/v1/lists", anna.token, "title=Friends&exclusive=true").ok().object())
	s.post("/api/v1/lists/"+id+"/accounts", anna.token, form("account_ids[]", number(bob.ID))).ok()
	for token, want := range map[string]int{bob.token: 404, "": 401, s.tokenFor(anna.Account, "read:statuses"): 403} {
		if got := events(t, root+"/list?list="+id, token).status; got != want {
			t.Errorf("the list of another: %d, want %d", got, want)
		}
	}
	list, home := events(t, root+"/list?list="+id, anna.token), events(t, root+"/user", anna.token)
	both := socket(t, strings.TrimSuffix(root, "/api/v1/streaming"), "?access_token="+anna.token, nil)
	both.send(fmt.Sprintf(`{"type":"subscribe","stream":"list","list":"%s"}`, id))
	both.send(`{"type":"subscribe","stream":"nonsense"}`) // its refusal says that the one before is done
	both.until("the refusal", about("error", "Unknown stream type"))
	others := socket(t, strings.TrimSuffix(root, "/api/v1/streaming"), "?access_token="+bob.token, nil)
	others.send(fmt.Sprintf(`{"type":"subscribe","stream":"list","list":"%s"}`, id))
	others.until("the refusal", func(r received) bool { return r.event == "error" && r.data == "Record not found" })

	// A followed tag brings nothing of people who are followed: see the home timeline.
	s.post("/api/v1/tags/ours/follow", anna.token, "").ok()
	bobs := idOf(s.publish(bob, "Bob's #ours"))
	list.until("a member's post", about("update", bobs))
	if got, _ := both.until("a member's post", about("update", bobs)); !slices.Equal(got.stream, []string{"list", id}) {
		t.Errorf("the frame is of %v", got.stream)
	}
	dans := idOf(s.publish(dan, "Dan's"))
	boost := idOf(s.post("/api/v1/statuses/"+dans+"/reblog", bob.token, "").ok().object())
	got, before := list.until("a member's boost", about("update", boost))
	var status map[string]any
	if err := json.Unmarshal([]byte(got.data), &status); err != nil || at(status, "reblog.id") != dans || len(before) != 0 {
		t.Errorf("%v, after %v", got, before)
	}
	s.post("/api/v1/statuses/"+dans+"/unreblog", bob.token, "").ok()
	list.until("the end of the boost", about("delete", boost))
	cleos := idOf(s.publish(cleo, "Cleo's"))
	s.do(http.MethodDelete, "/api/v1/statuses/"+bobs, bob.token, "").ok()
	if _, before := list.until("the deletion", about("delete", bobs)); len(before) != 0 {
		t.Errorf("told of what the list has not: %v", before)
	}
	if got := s.get("/api/v1/timelines/home", anna.token).ok().list(); len(got) != 1 || idOf(got[0]) != cleos {
		t.Errorf("the home timeline: %v", got)
	}
	// Who has an exclusive list is not at home.
	if _, before := home.until("another's post", about("update", cleos)); slices.ContainsFunc(before, func(r received) bool { return r.event == "update" }) {
		t.Errorf("at home: %v", before)
	}
	home.until("a stranger's post with a followed tag", about("update", idOf(s.publish(dan, "Dan's #ours"))))
}
