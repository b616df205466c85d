package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestDirectoryAndSuggestions(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo := s.join("anna"), s.join("bob"), s.join("cleo")
	s.publish(bob, "A hill #dawn")
	if _, err := s.community.Block(t.Context(), cleo.Account, anna.ID); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/api/v1/directory":                          {"bob"},
		"/api/v1/directory?order=new":                {"cleo", "bob", "anna"},
		"/api/v1/directory?order=new&offset=1":       {"bob", "anna"},
		"/api/v1/directory?order=new&limit=1":        {"cleo"},
		"/api/v1/directory?order=new&local=true":     {"cleo", "bob", "anna"},
		"/api/v1/directory?order=active&offset=2000": {},
	} {
		list := s.get(path, "").ok().list()
		var got []string
		for _, a := range list {
			wantKeys(t, a, accountKeys)
			got = append(got, a["acct"].(string))
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", path, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
		}
	}
	s.get("/api/v1/directory?order=best", "").is(http.StatusUnprocessableEntity)
	s.get("/api/v2/suggestions", "").is(http.StatusUnauthorized)
	v2 := s.get("/api/v2/suggestions", anna.token).ok().list()
	if len(v2) != 1 || at(v2[0], "account.acct") != "bob" || v2[0]["source"] != "global" {
		t.Errorf("suggested to anna: %v", v2)
	}
	if v1 := s.get("/api/v1/suggestions", anna.token).ok().list(); len(v1) != 1 || v1[0]["acct"] != "bob" {
		t.Errorf("suggested to anna, in the old form: %v", v1)
	}
}

// What a client shows of a profile: who of its followers one follows.
func TestFamiliarFollowers(t *testing.T) {
	s := newSite(t)
	anna, bob, cleo := s.join("anna"), s.join("bob"), s.join("cleo")
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok()
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), cleo.token, "").ok()
	list := s.get(path("/api/v1/accounts/familiar_followers?id[]=%d&id[]=17", anna.ID)+path("&id[]=%d", bob.ID), cleo.token).ok().list()
	if len(list) != 2 || list[0]["id"] != strconv.FormatInt(anna.ID, 10) || list[1]["id"] != strconv.FormatInt(bob.ID, 10) || len(list[1]["accounts"].([]any)) != 0 {
		t.Fatalf("%v", list)
	}
	if of := list[0]["accounts"].([]any); len(of) != 1 || at(of[0], "acct") != "bob" {
		t.Errorf("of anna: %v", of)
	}
	s.get("/api/v1/accounts/familiar_followers?id[]=1", "").is(http.StatusUnauthorized)
	many := "/api/v1/accounts/familiar_followers?"
	for id := range 41 {
		many += "&id[]=" + strconv.Itoa(1+id)
	}
	s.get(many, cleo.token).is(http.StatusUnprocessableEntity)
}

// A client that pages until a page is empty has had each of the hundred tags once.
func TestAllTrendingTags(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	for post := range 4 {
		text := ""
		for tag := range 26 {
			text += fmt.Sprintf(" #t%dx%d", post, tag)
		}
		s.publish(anna, text)
	}
	if err := s.community.RankTrends(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for offset := 0; ; {
		page := s.get(path("/api/v1/trends/tags?limit=40&offset=%d", int64(offset)), "").ok().list()
		if len(page) == 0 {
			break
		}
		for _, tag := range page {
			if seen[tag["name"]] {
				t.Fatalf("%v is on the page at %d again", tag["name"], offset)
			}
			seen[tag["name"]] = true
		}
		offset += len(page)
	}
	if len(seen) != 100 {
		t.Errorf("%d tags", len(seen))
	}
}

func TestTrends(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	liked := s.publish(anna, "Liked #dawn")
	s.publish(anna, "Not liked")
	s.post("/api/v1/statuses/"+liked["id"].(string)+"/favourite", bob.token, "").ok()
	if got := s.get("/api/v1/trends/statuses", "").ok().list(); len(got) != 0 {
		t.Errorf("popular before anything was ranked: %v", got)
	}
	if err := s.community.RankTrends(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.get("/api/v1/trends/statuses", bob.token).ok().list(); len(got) != 1 || got[0]["id"] != liked["id"] || got[0]["favourited"] != true {
		t.Errorf("popular: %v", got)
	}
	for _, path := range []string{"/api/v1/trends", "/api/v1/trends/tags"} {
		got := s.get(path, "").ok().list()
		if len(got) != 1 || got[0]["name"] != "dawn" {
			t.Fatalf("%s: %v", path, got)
		}
		if got[0]["following"] != false {
			t.Errorf("%s, to a visitor: %v", path, got)
		}
	}
	// Each list says of a tag whether one follows it, and what each of seven days had.
	s.post("/api/v1/tags/dawn/follow", bob.token, "").ok()
	s.publish(bob, "Not ranked #dawns")
	for _, path := range []string{"/api/v1/trends", "/api/v1/trends/tags", "/api/v1/followed_tags", "/api/v1/tags/dawn", "/api/v2/search?type=hashtags&q=dawn", "/api/v1/tags/dawns", "/api/v1/tags/unused"} {
		r := s.get(path, bob.token).ok()
		var list []map[string]any
		switch r.body[0] {
		case '[':
			list = r.list()
		default:
			list = []map[string]any{r.object()}
			if found, ok := list[0]["hashtags"].([]any); ok {
				list = []map[string]any{found[0].(map[string]any), found[1].(map[string]any)}
			}
		}
		for _, tag := range list {
			days := tag["history"].([]any)
			if tag["following"] != (tag["name"] == "dawn") || len(days) != 7 {
				t.Fatalf("%s: %v", path, tag)
			}
			want := "1"
			if tag["name"] == "unused" {
				want = "0"
			}
			if today := days[0].(map[string]any); today["uses"] != want || today["accounts"] != want || today["day"] != strconv.FormatInt(time.Now().UTC().Truncate(24*time.Hour).Unix(), 10) {
				t.Errorf("%s: %v", path, days)
			}
			if before := days[6].(map[string]any); before["uses"] != "0" {
				t.Errorf("%s: %v", path, days)
			}
		}
	}
	s.get("/api/v1/tags/no%20tag", bob.token).is(http.StatusNotFound)
	if got := s.get("/api/v1/trends/statuses?offset=1", "").ok().list(); len(got) != 0 {
		t.Errorf("behind the only one: %v", got)
	}
}
