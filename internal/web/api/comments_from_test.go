package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/store"
)

// Clients are told in a sentence why a comment is refused, and which posts are closed; all else they may do with such a
// post stays as it was.
func TestCommentsRefused(t *testing.T) {
	s := newSite(t)
	anna, bob, fay, host, out := s.join("anna"), s.join("bob"), s.join("fay"), s.join("moe"), s.join("out")
	if _, err := s.community.PromoteAccount(s.ctx(), "moe", store.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), fay.token, "").ok()
	s.post(path("/api/v1/accounts/%d/block", out.ID), anna.token, "").ok()
	id := s.publish(anna, "A hill")["id"].(string)
	first := s.post("/api/v1/statuses", bob.token, form("status", "First", "in_reply_to_id", id)).ok().object()["id"].(string)

	const (
		followers = "Validation failed: Only people who follow the author may comment on this post"
		closed    = "Validation failed: The author has closed the comments on this post"
		own       = "Validation failed: You have closed the comments on this post"
		gone      = "Record not found"
		noToken   = "The access token is invalid"
	)
	for _, row := range []struct {
		from                                        store.CommentsFrom
		disabled                                    bool
		visitor, member, follower, author, mod, out string // the error; "" where the comment is taken
	}{
		{store.CommentsFromEveryone, false, noToken, "", "", "", "", gone},
		{store.CommentsFromFollowers, false, noToken, followers, "", "", followers, gone},
		{store.CommentsFromNobody, true, noToken, closed, closed, own, closed, gone},
		{store.CommentsFromEveryone, false, noToken, "", "", "", "", gone},
	} {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.community.SetCommentsFrom(s.ctx(), anna.Account, n, row.from); err != nil {
			t.Fatal(err)
		}
		for _, viewer := range []string{"", bob.token, anna.token} {
			if got := s.get("/api/v1/statuses/"+id, viewer).ok().object()["comments_disabled"]; got != row.disabled {
				t.Errorf("%s: comments_disabled is %v", row.from, got)
			}
		}
		for _, c := range []struct{ who, token, want string }{
			{"a visitor", "", row.visitor}, {"a member", bob.token, row.member}, {"a follower", fay.token, row.follower}, {"the author", anna.token, row.author},
			{"a moderator", host.token, row.mod}, {"who is blocked", out.token, row.out},
		} {
			for _, on := range []string{id, first} {
				r := s.post("/api/v1/statuses", c.token, form("status", "A word", "in_reply_to_id", on))
				said, _ := r.object()["error"].(string)
				status := map[string]int{"": http.StatusOK, gone: http.StatusNotFound, noToken: http.StatusUnauthorized}[c.want]
				if status == 0 {
					status = http.StatusUnprocessableEntity
				}
				if r.status != status || said != c.want {
					t.Errorf("%s: the comment of %s: %d %q, want %d %q", row.from, c.who, r.status, said, status, c.want)
				}
			}
		}
		for _, act := range []string{"favourite", "reblog", "bookmark", "unfavourite", "unreblog", "unbookmark"} {
			s.post("/api/v1/statuses/"+id+"/"+act, bob.token, "").ok()
		}
	}

	// The author removes another's comment, also under a closed post; a member does not.
	second := s.post("/api/v1/statuses", fay.token, form("status", "Second", "in_reply_to_id", id)).ok().object()["id"].(string)
	s.do(http.MethodDelete, "/api/v1/statuses/"+second, bob.token, "").is(http.StatusForbidden)
	s.do(http.MethodDelete, "/api/v1/statuses/"+second, anna.token, "").ok()
	if body := s.get("/api/v1/statuses/"+id+"/context", bob.token).ok().body; strings.Contains(body, second) || !strings.Contains(body, first) {
		t.Errorf("the thread after the removal: %s", body)
	}
}
