package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
)

// An edit has a filter end never, or at once where what it sends is past: clients send the seconds that are left again.
func TestTheEndOfAFilter(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	const all = "/api/v2/filters"
	id := idOf(s.post(all, anna.token, `{"title":"Spiders","context":["home"],"expires_in":3600}`).ok().object())
	for _, c := range []struct {
		body string
		want string
	}{
		{`{"title":"a"}`, "later"}, {`{"title":"b","expires_in":null}`, "never"}, {`{"expires_in":60}`, "later"}, {`{"expires_in":""}`, "never"},
		{`{"title":"c","expires_in":-5}`, "over"}, {`{"title":"d"}`, "over"}, {`{"expires_in":60}`, "later"}, {`{"title":"e","expires_in":0}`, "over"},
		{`{"expires_in":"-1"}`, "over"},
	} {
		f := s.do(http.MethodPut, all+"/"+id, anna.token, c.body).ok().object()
		got := "never"
		if text, ok := f["expires_at"].(string); ok {
			ends, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			if got = "over"; ends.After(time.Now()) {
				got = "later"
			}
		}
		if got != c.want {
			t.Errorf("%s: it ends %s, want %s", c.body, got, c.want)
		}
	}
	if f := s.get(all+"/"+id, anna.token).ok().object(); f["title"] != "e" {
		t.Errorf("title: %v", f["title"])
	}
	s.do(http.MethodPut, all+"/"+id, anna.token, `{"expires_in":"soon"}`).is(http.StatusUnprocessableEntity)
	if f := s.post(all, anna.token, `{"title":"x","context":["home"],"expires_in":null}`).ok().object(); f["expires_at"] != nil {
		t.Errorf("a new one: %v", f)
	}
}

// filteredIn are the titles of the filters that the status meets.
func filteredIn(status map[string]any) (titles []string) {
	for _, r := range status["filtered"].([]any) {
		titles = append(titles, at(r, "filter.title").(string))
	}
	return titles
}

// A filter is made, changed and deleted with its keywords and statuses by whose it is, and by nobody else.
func TestFilters(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	status := idOf(s.publish(bob, "A hill"))
	const all = "/api/v2/filters"
	made := s.post(all, anna.token, `{"title":"Spiders","context":["home","public"],"filter_action":"hide","expires_in":3600,"keywords_attributes":[{"keyword":"spider"},{"keyword":"web","whole_word":false}]}`).ok().object()
	id := idOf(made)
	words := made["keywords"].([]any)
	if made["title"] != "Spiders" || made["filter_action"] != "hide" || len(words) != 2 || at(words[0], "whole_word") != true || at(words[1], "whole_word") != false || len(made["statuses"].([]any)) != 0 {
		t.Errorf("made: %v", made)
	}
	ends, err := time.Parse(time.RFC3339, made["expires_at"].(string))
	if left := time.Until(ends); err != nil || left < 50*time.Minute || left > time.Hour {
		t.Errorf("it ends in %v, %v", left, err)
	}
	first, second := at(words[0], "id").(string), at(words[1], "id").(string)
	if got := s.get(all, anna.token).ok().list(); len(got) != 1 || idOf(got[0]) != id {
		t.Errorf("filters: %v", got)
	}
	r := s.do(http.MethodPut, all+"/"+id, anna.token, `{"title":"Insects","expires_in":"","filter_action":"warn","keywords_attributes":[{"id":"`+first+`","_destroy":true},{"id":"`+second+`","keyword":"webs"},{"keyword":"fly"}]}`).ok().object()
	if words := r["keywords"].([]any); r["title"] != "Insects" || r["expires_at"] != nil || r["filter_action"] != "warn" || len(words) != 2 || at(words[0], "keyword") != "webs" || at(words[0], "whole_word") != false || at(words[1], "keyword") != "fly" ||
		len(r["context"].([]any)) != 2 {
		t.Errorf("changed: %v", r)
	}
	keyword := s.post(all+"/"+id+"/keywords", anna.token, form("keyword", " Bee ", "whole_word", "false")).ok().object()
	if keyword["keyword"] != "Bee" || keyword["whole_word"] != false {
		t.Errorf("a keyword: %v", keyword)
	}
	oneWord := all + "/keywords/" + idOf(keyword)
	if k := s.do(http.MethodPut, oneWord, anna.token, "keyword=wasp&whole_word=true").ok().object(); k["keyword"] != "wasp" || k["whole_word"] != true {
		t.Errorf("a changed keyword: %v", k)
	}
	if k := s.get(oneWord, anna.token).ok().object(); k["keyword"] != "wasp" {
		t.Errorf("read: %v", k)
	}
	named := s.post(all+"/"+id+"/statuses", anna.token, form("status_id", status)).ok().object()
	if again := s.post(all+"/"+id+"/statuses", anna.token, form("status_id", status)).ok().object(); named["status_id"] != status || idOf(again) != idOf(named) {
		t.Errorf("a status: %v, then %v", named, again)
	}
	oneStatus := all + "/statuses/" + idOf(named)
	if f := s.get(all+"/"+id, anna.token).ok().object(); len(f["keywords"].([]any)) != 3 || len(f["statuses"].([]any)) != 1 {
		t.Errorf("all of it: %v", f)
	}
	if list := s.get(all+"/"+id+"/keywords", anna.token).ok().list(); len(list) != 3 {
		t.Errorf("keywords: %v", list)
	}
	if list := s.get(all+"/"+id+"/statuses", anna.token).ok().list(); len(list) != 1 || list[0]["status_id"] != status {
		t.Errorf("statuses: %v", list)
	}
	if list := s.get("/api/v1/filters", anna.token).ok().list(); len(list) != 3 || list[0]["phrase"] != "webs" || list[0]["irreversible"] != false {
		t.Errorf("for clients of old: %v", list)
	}

	// Nobody else's business.
	before := s.get(all+"/"+id, anna.token).ok().body
	for _, c := range []struct{ method, path, body string }{
		{http.MethodGet, all + "/" + id, ""}, {http.MethodPut, all + "/" + id, "title=x"}, {http.MethodDelete, all + "/" + id, ""},
		{http.MethodGet, all + "/" + id + "/keywords", ""}, {http.MethodPost, all + "/" + id + "/keywords", "keyword=x"}, {http.MethodGet, oneWord, ""},
		{http.MethodPut, oneWord, "keyword=x"}, {http.MethodDelete, oneWord, ""}, {http.MethodGet, all + "/" + id + "/statuses", ""},
		{http.MethodPost, all + "/" + id + "/statuses", form("status_id", status)}, {http.MethodGet, oneStatus, ""}, {http.MethodDelete, oneStatus, ""},
	} {
		s.do(c.method, c.path, bob.token, c.body).is(http.StatusNotFound)
		s.do(c.method, c.path, "", c.body).is(http.StatusUnauthorized)
		s.do(c.method, c.path, s.tokenFor(anna.Account, "read:statuses"), c.body).is(http.StatusForbidden)
	}
	for _, c := range []struct{ path, body, names string }{
		{all, `{"context":["home"]}`, "name"}, {all, `{"title":"x"}`, "place"}, {all, `{"title":"x","context":["moon"]}`, "applies to home"},
		{all, `{"title":"x","context":["home"],"filter_action":"blur"}`, "filter_action"}, {all, `{"title":"x","context":["home"],"expires_in":-5}`, "time"},
		{all, `{"title":"x","context":["home"],"expires_in":0}`, "time"}, {all, `{"title":"x","context":["home"],"keywords_attributes":[{"whole_word":true}]}`, "letter"},
		{all, `{"title":"x","context":["home"],"keywords_attributes":[{"keyword":"a","whole_word":"banana"}]}`, "whole_word"},
		{all, `{"title":"` + strings.Repeat("x", community.MaxFilterTitle+1) + `","context":["home"]}`, "100"},
		{all + "/" + id + "/keywords", `{"keyword":"` + strings.Repeat("x", community.MaxFilterKeyword+1) + `"}`, "200"}, {all + "/" + id + "/keywords", `{}`, "letter"},
	} {
		if r := s.post(c.path, anna.token, c.body).is(http.StatusUnprocessableEntity); !strings.Contains(r.body, c.names) {
			t.Errorf("%s: %s", c.body, r.body)
		}
	}
	s.post(all+"/"+id+"/statuses", anna.token, "status_id=99").is(http.StatusNotFound)
	s.do(http.MethodPut, all+"/"+id, anna.token, `{"keywords_attributes":[{"id":"99","keyword":"x"}]}`).is(http.StatusNotFound)
	if after := s.get(all+"/"+id, anna.token).ok().body; after != before {
		t.Errorf("what was refused was done: %s, was %s", after, before)
	}

	s.do(http.MethodDelete, oneWord, anna.token, "").ok()
	s.do(http.MethodDelete, oneStatus, anna.token, "").ok()
	for _, gone := range []string{oneWord, oneStatus} {
		s.get(gone, anna.token).is(http.StatusNotFound)
		s.do(http.MethodDelete, gone, anna.token, "").is(http.StatusNotFound)
	}
	if r := s.do(http.MethodDelete, all+"/"+id, anna.token, "").ok(); r.body != "{}\n" {
		t.Errorf("deleted: %s", r.body)
	}
	s.do(http.MethodDelete, all+"/"+id, anna.token, "").is(http.StatusNotFound)

	// Bounds.
	var rows []map[string]string
	for range community.MaxFilterKeywords + 1 {
		rows = append(rows, map[string]string{"keyword": "word"})
	}
	body := func(rows []map[string]string) string {
		b, err := json.Marshal(map[string]any{"title": "x", "context": []string{"home"}, "keywords_attributes": rows})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	s.post(all, anna.token, body(rows)).is(http.StatusUnprocessableEntity)
	for i := range rows {
		rows[i]["keyword"] = strings.Repeat("long", 50)
	}
	n := 0
	for ; s.post(all, anna.token, body(rows[1:])).status == http.StatusOK; n++ {
		if n > community.MaxFilters {
			t.Fatal("filters have no bound")
		}
	}
	if got := s.get(all, anna.token).ok().list(); len(got) != n || n == 0 {
		t.Errorf("%d filters, made %d", len(got), n)
	}
}

// A status says which of the reader's filters it meets, of those that work where it is listed.
func TestFiltered(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), anna.token, "").ok()
	list := idOf(s.post("/api/v1/lists", anna.token, "title=Friends").ok().object())
	s.post("/api/v1/lists/"+list+"/accounts", anna.token, form("account_ids[]", number(bob.ID))).ok()
	mine := idOf(s.publish(anna, "My Spíder #hill"))
	his := idOf(s.publish(bob, "A spider\non a #hill"))
	plain := idOf(s.publish(bob, "Spiderman on a #hill"))
	s.post("/api/v1/statuses", bob.token, form("status", "@anna that SPIDER!", "in_reply_to_id", mine)).ok()

	filter := func(title, action string, contexts ...string) string {
		t.Helper()
		pairs := []string{"title", title, "filter_action", action, "keywords_attributes[0][keyword]", "spider", "keywords_attributes[0][whole_word]", "true"}
		for _, in := range contexts {
			pairs = append(pairs, "context[]", in)
		}
		return idOf(s.post("/api/v2/filters", anna.token, form(pairs...)).ok().object())
	}
	contexts := []string{"home", "public", "account", "thread", "notifications"}
	for _, in := range contexts {
		filter(in, map[string]string{"home": "hide"}[in]+map[bool]string{true: "warn"}[in != "home"], in)
	}
	find := func(list []map[string]any, id string) map[string]any {
		t.Helper()
		for _, status := range list {
			if idOf(status) == id {
				return status
			}
		}
		t.Fatalf("%s is not there", id)
		return nil
	}
	for address, want := range map[string]string{
		"/api/v1/timelines/home": "home", "/api/v1/timelines/list/" + list: "home", "/api/v1/timelines/public": "public", "/api/v1/timelines/tag/hill": "public",
		path("/api/v1/accounts/%d/statuses", bob.ID): "account",
	} {
		found := s.get(address, anna.token).ok().list()
		if got := filteredIn(find(found, his)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %v, want %s", address, got, want)
		}
		if got := filteredIn(find(found, plain)); len(got) != 0 {
			t.Errorf("%s: a part of a word: %v", address, got)
		}
		if strings.Contains(address, "/timelines/") && !strings.Contains(address, "/list/") {
			if got := filteredIn(find(found, mine)); len(got) != 0 {
				t.Errorf("%s: one's own: %v", address, got)
			}
		}
		if !strings.Contains(address, "home") && !strings.Contains(address, "list") {
			if got := filteredIn(find(s.get(address, "").ok().list(), his)); len(got) != 0 {
				t.Errorf("%s: to a visitor: %v", address, got)
			}
			if got := filteredIn(find(s.get(address, bob.token).ok().list(), his)); len(got) != 0 {
				t.Errorf("%s: to others: %v", address, got)
			}
		}
	}
	r := find(s.get("/api/v1/timelines/home", anna.token).ok().list(), his)["filtered"].([]any)[0]
	if b, _ := json.Marshal(r); !strings.Contains(string(b), `"context":["home"],"expires_at":null,"filter_action":"hide"`) || !strings.Contains(string(b), `"keyword_matches":["spider"],"status_matches":[]`) {
		t.Errorf("a result: %s", b)
	}
	below := s.get("/api/v1/statuses/"+mine+"/context", anna.token).ok().object()["descendants"].([]any)
	if got := filteredIn(below[0].(map[string]any)); !slices.Equal(got, []string{"thread"}) {
		t.Errorf("in a thread: %v", got)
	}
	told := s.get("/api/v1/notifications?types[]=mention", anna.token).ok().list()
	if got := filteredIn(told[0]["status"].(map[string]any)); !slices.Equal(got, []string{"notifications"}) {
		t.Errorf("in notifications: %v", got)
	}
	if got := filteredIn(s.get("/api/v1/statuses/"+his, anna.token).ok().object()); len(got) != len(contexts) {
		t.Errorf("a single status, which a client may show anywhere: %v", got)
	}
	s.post("/api/v1/statuses/"+his+"/favourite", anna.token, "").ok()
	if got := filteredIn(s.get("/api/v1/favourites", anna.token).ok().list()[0]); len(got) != 0 {
		t.Errorf("of what one likes: %v", got)
	}

	// A filter that is over does nothing, and one may name a status.
	home := func(id string) []string {
		return filteredIn(find(s.get("/api/v1/timelines/home", anna.token).ok().list(), id))
	}
	first := idOf(s.get("/api/v2/filters", anna.token).ok().list()[0])
	s.do(http.MethodPut, "/api/v2/filters/"+first, anna.token, "expires_in=3600").ok()
	if got := home(his); len(got) != 1 {
		t.Errorf("for an hour: %v", got)
	}
	s.post("/api/v2/filters/"+first+"/statuses", anna.token, form("status_id", plain)).ok()
	if got := home(plain); !slices.Equal(got, []string{"home"}) {
		t.Errorf("a status that is named: %v", got)
	}
	if _, err := s.store.SQL().ExecContext(s.ctx(), `UPDATE accounts SET filters = REPLACE(filters, '"expires_at":', '"expires_at":1,"x":') WHERE id = ?`, anna.ID); err != nil {
		t.Fatal(err)
	}
	if got := append(home(his), home(plain)...); len(got) != 0 {
		t.Errorf("when it is over: %v", got)
	}
	if f := s.get("/api/v2/filters/"+first, anna.token).ok().object(); f["expires_at"] == nil {
		t.Errorf("a filter that is over: %v", f)
	}
}

// A stream says of what it tells which filters it meets, by what they are at that moment.
func TestFilteredStreams(t *testing.T) {
	s := newSite(t)
	root := s.serve() + "/api/v1/streaming"
	anna, bob, cleo, dan := s.join("anna"), s.join("bob"), s.join("cleo"), s.join("dan")
	for _, who := range []*member{anna, cleo} {
		s.post(path("/api/v1/accounts/%d/follow", bob.ID), who.token, "").ok()
	}
	home, public, others := events(t, root+"/user", anna.token), events(t, root+"/public", anna.token), events(t, root+"/user", cleo.token)
	s.post("/api/v2/filters", anna.token, form("title", "Spiders", "context[]", "home", "context[]", "notifications", "keywords_attributes[0][keyword]", "spider")).ok()
	sent := func(e *testStream, event, part string) []string {
		t.Helper()
		got, _ := e.until(part, about(event, part))
		var status map[string]any
		if err := json.Unmarshal([]byte(got.data), &status); err != nil {
			t.Fatal(err)
		}
		if inner, ok := status["status"].(map[string]any); ok {
			status = inner
		}
		if inner, ok := status["reblog"].(map[string]any); ok {
			status = inner
		}
		return filteredIn(status)
	}
	for _, caption := range []string{"A spider", "A spider, @dan"} { // the second is loaded for each reader
		id := idOf(s.publish(bob, caption))
		if got := sent(home, "update", id); !slices.Equal(got, []string{"Spiders"}) {
			t.Errorf("%s, at home: %v", caption, got)
		}
		if got := append(sent(public, "update", id), sent(others, "update", id)...); len(got) != 0 {
			t.Errorf("%s, elsewhere: %v", caption, got)
		}
	}
	boosted := idOf(s.publish(dan, "Dan's spider"))
	boost := idOf(s.post("/api/v1/statuses/"+boosted+"/reblog", bob.token, "").ok().object())
	if got := sent(home, "update", boost); !slices.Equal(got, []string{"Spiders"}) {
		t.Errorf("a boost: %v", got)
	}
	mine := idOf(s.publish(anna, "Mine"))
	s.post("/api/v1/statuses", bob.token, form("status", "@anna a spider!", "in_reply_to_id", mine)).ok()
	if got := sent(home, "notification", "mention"); !slices.Equal(got, []string{"Spiders"}) {
		t.Errorf("a notification: %v", got)
	}
}
