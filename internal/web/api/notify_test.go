package api_test

import (
	"slices"
	"strconv"
	"testing"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// The bell of clients: a follow with notify=true tells of each post of the account, until notify=false.
func TestAFollowThatNotifies(t *testing.T) {
	s := newSite(t)
	s.work()
	address := s.serve()
	anna, bob, carl := s.join("anna"), s.join("bob"), s.join("carl")
	follow := func(m *member, body string, following, requested, notifying bool) {
		t.Helper()
		r := s.post(path("/api/v1/accounts/%d/follow", anna.ID), m.token, body).ok().object()
		wantKeys(t, r, relationshipKeys)
		there := s.get(path("/api/v1/accounts/relationships?id[]=%d", anna.ID), m.token).ok().list()[0]
		for _, r := range []map[string]any{r, there} {
			if r["following"] != following || r["requested"] != requested || r["notifying"] != notifying {
				t.Errorf("%s with %q: %v", m.Username, body, r)
			}
		}
	}
	told := func(m *member, query string) []string {
		t.Helper()
		var ids []string
		for _, n := range s.get("/api/v1/notifications"+query, m.token).ok().list() {
			if n["type"] == "status" {
				ids = append(ids, at(n, "status.id").(string))
			}
		}
		return ids
	}
	follow(bob, "", true, false, false)
	follow(bob, "notify=true", true, false, true)
	follow(bob, "reblogs=false", true, false, true) // what is not said stays
	follow(carl, "", true, false, false)
	stream := events(t, address+"/api/v1/streaming/user/notification", bob.token)
	id := idOf(s.publish(anna, "A hill"))
	stream.until("the post", about("notification", `"type":"status"`))
	list := s.get("/api/v1/notifications?types[]=status", bob.token).ok().list()
	if len(list) != 1 {
		t.Fatalf("told: %v", list)
	}
	wantKeys(t, list[0], []string{"id", "type", "created_at", "account", "group_key", "status"})
	wantKeys(t, list[0]["status"].(map[string]any), statusKeys)
	if list[0]["type"] != "status" || at(list[0], "account.acct") != "anna" || at(list[0], "status.id") != id {
		t.Errorf("told: %v", list[0])
	}
	if got := told(bob, "?exclude_types[]=status"); got != nil {
		t.Errorf("without them: %v", got)
	}
	if o := s.get("/api/v1/notifications/unread_count?types[]=status", bob.token).ok().object(); o["count"] != 1.0 {
		t.Errorf("unread: %v", o)
	}
	if got := told(carl, ""); got != nil {
		t.Errorf("who did not ask is told of %v", got)
	}
	follow(bob, "notify=false", true, false, false)

	// A request keeps it.
	s.post(path("/api/v1/accounts/%d/unfollow", anna.ID), carl.token, "").ok()
	lock := true
	if _, err := s.community.UpdatePosting(s.ctx(), anna.Account, community.PostingChange{Locked: &lock}); err != nil {
		t.Fatal(err)
	}
	follow(carl, `{"notify":true}`, false, true, true)
	s.post(path("/api/v1/follow_requests/%d/authorize", carl.ID), anna.token, "").ok()
	body := form("status", "For friends", "visibility", "private", "media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPrivate), 10))
	id = idOf(s.post("/api/v1/statuses", anna.token, body).ok().object())
	servertest.Eventually(t, "that carl is told", func() bool { return slices.Equal(told(carl, ""), []string{id}) })
	if got := told(bob, ""); len(got) != 1 {
		t.Errorf("who asked no more is told of %v", got)
	}
	if r := s.post(path("/api/v1/accounts/%d/unfollow", anna.ID), carl.token, "").ok().object(); r["notifying"] != false {
		t.Errorf("without the follow: %v", r)
	}
}
