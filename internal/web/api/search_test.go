package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/store"
)

func TestSearch(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	id := s.publish(anna, "A hill #hillwalking")["id"].(string)
	for q, want := range map[string][3]int{
		"an": {1, 0, 0}, "@anna": {1, 0, 0}, "hill": {0, 1, 1}, "#hill": {0, 1, 1}, "zzz": {0, 0, 0}, "A HÍLL": {0, 1, 0},
		baseURL + "/@anna/" + id: {0, 1, 0}, baseURL + "/@anna/" + id + "/2": {0, 1, 0}, baseURL + "/@anna": {1, 0, 0}, strings.Replace(baseURL, "https", "http", 1) + "/@anna/" + id: {0, 1, 0},
		strings.TrimPrefix(baseURL, "https://") + "/@anna/" + id: {0, 1, 0}, "https://elsewhere.example/@anna/" + id: {0, 0, 0}, "https://TINTYPE.test.:443/@anna/" + id: {0, 1, 0}, "https://Tintype.TEST/@anna/": {1, 0, 0},
		"https://tintype.test:8443/@anna/" + id: {0, 0, 0}, "https://tintype.test.evil.test/@anna": {0, 0, 0}, "@anna@Tintype.test.": {1, 0, 0}, "anna@elsewhere.test": {0, 0, 0},
	} {
		o := s.do(http.MethodGet, "/api/v2/search?"+form("q", q, "resolve", "true"), bob.token, "").ok().object()
		var got [3]int
		for i, key := range []string{"accounts", "statuses", "hashtags"} {
			list, ok := o[key].([]any)
			if !ok {
				t.Fatalf("%s is no array: %v", key, o)
			}
			got[i] = len(list)
		}
		if got != want {
			t.Errorf("%q found %v, want %v", q, got, want)
		}
	}
	if o := s.get("/api/v2/search?q=an&type=hashtags", bob.token).ok().object(); len(o["accounts"].([]any)) != 0 {
		t.Errorf("type is ignored: %v", o)
	}
	tag := s.get("/api/v1/tags/HillWalking", bob.token).ok().object()
	wantKeys(t, tag, []string{"name", "url", "history", "following"})
	if tag["name"] != "hillwalking" || tag["url"] != baseURL+"/tags/hillwalking" {
		t.Errorf("tag: %v", tag)
	}
}

// Captions are found by their words, whoever may not see a post does not learn of it, and pages follow each other.
func TestSearchOfCaptions(t *testing.T) {
	s := newSite(t)
	anna, bob, eve, kim := s.join("anna"), s.join("bob"), s.join("eve"), s.join("kim")
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok()
	public := s.publish(anna, "Straße im Nebel")["id"].(string)
	second := s.publish(bob, "Nebel, wieder")["id"].(string)
	private := s.post("/api/v1/statuses", anna.token, form("status", "Nebel bei Freunden", "visibility", "private",
		"media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPrivate), 10))).ok().object()["id"].(string)
	unlisted := s.publish(anna, "Nebel, leise", "visibility", "unlisted")["id"].(string)
	warned := s.publish(anna, "Hund", "spoiler_text", "Nebel")["id"].(string)
	comment := s.post("/api/v1/statuses", bob.token, form("status", "Schöner Nebel", "in_reply_to_id", public)).ok().object()["id"].(string)
	s.post(path("/api/v1/accounts/%d/block", bob.ID), eve.token, "").ok()
	find := func(as *member, more ...string) string {
		t.Helper()
		token := ""
		if as != nil {
			token = as.token
		}
		o := s.get("/api/v2/search?"+form(append([]string{"type", "statuses"}, more...)...), token).ok().object()
		if len(o["accounts"].([]any))+len(o["hashtags"].([]any)) != 0 {
			t.Errorf("more than statuses: %v", o)
		}
		var ids []string
		for _, found := range o["statuses"].([]any) {
			ids = append(ids, at(found, "id").(string))
		}
		return strings.Join(ids, " ")
	}
	all := func(ids ...string) string { return strings.Join(ids, " ") }
	annaID := strconv.FormatInt(anna.ID, 10)
	for _, tt := range []struct {
		name string
		as   *member
		q    []string
		want string
	}{
		{"one's own, and public ones", anna, []string{"q", "nebel"}, all(warned, unlisted, private, second, public)},
		{"those of whom one follows", bob, []string{"q", "NEBEL"}, all(comment, warned, unlisted, private, second, public)},
		{"another's private and unlisted ones are not there", kim, []string{"q", "nebel"}, all(warned, second, public)},
		{"nor those of somebody blocked", eve, []string{"q", "nebel"}, all(warned, public)},
		{"a visitor finds public ones", nil, []string{"q", "nebel"}, all(warned, second, public)},
		{"every word", bob, []string{"q", "strasse nebel"}, public},
		{"no such words", bob, []string{"q", "nebel katze"}, ""},
		{"nothing asked", bob, []string{"q", " "}, ""},
		{"of one author", bob, []string{"q", "nebel", "account_id", annaID}, all(warned, unlisted, private, public)},
		{"of one author, written", bob, []string{"q", "nebel from:anna"}, all(warned, unlisted, private, public)},
		{"of one author, as on the profile", kim, []string{"q", "from:@anna nebel"}, all(warned, unlisted, public)},
		{"of an author who is nobody", bob, []string{"q", "nebel", "account_id", "17"}, ""},
		{"of another author than the text names", bob, []string{"q", "nebel from:bob", "account_id", annaID}, ""},
		{"two", bob, []string{"q", "nebel", "limit", "2"}, all(comment, warned)},
		{"the next two", bob, []string{"q", "nebel", "limit", "2", "offset", "2"}, all(unlisted, private)},
		{"below", bob, []string{"q", "nebel", "max_id", private}, all(second, public)},
		{"above", bob, []string{"q", "nebel", "min_id", unlisted}, all(comment, warned)},
		{"not yet", bob, []string{"q", "nebel before:2020"}, ""},
	} {
		if got := find(tt.as, tt.q...); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	s.get("/api/v2/search?q=x&type=photos", bob.token).is(http.StatusUnprocessableEntity)
	s.get("/api/v2/search?type=statuses&"+form("q", "nebel before:yesterday"), bob.token).is(http.StatusUnprocessableEntity)
	s.get("/api/v2/search?"+form("q", "nebel before:yesterday"), bob.token).ok()
}
