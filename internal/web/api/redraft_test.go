package api_test

import (
	"net/http"
	"strconv"
	"testing"

	"tintype/internal/store"
)

// Clients delete a post and write it anew from what they are answered, with the same media, unless they said that nothing is to stay.
func TestDeleteAndRedraft(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	for query, stays := range map[string]bool{"": true, "?delete_media=false": true, "?delete_media=true": false} {
		photo := strconv.FormatInt(s.photo(anna, store.SetPrivate), 10) // there are no files of it that would get other names
		id := s.post("/api/v1/statuses", anna.token, form("status", "A tpyo", "visibility", "private", "media_ids[]", photo)).ok().object()["id"].(string)
		gone := s.do("DELETE", "/api/v1/statuses/"+id+query, anna.token, "").ok().object()
		media := at(gone, "media_attachments").([]any)[0].(map[string]any)["id"].(string)
		if gone["text"] != "A tpyo" {
			t.Errorf("%q: %v", query, gone)
		}
		s.get("/api/v1/statuses/"+id, anna.token).is(http.StatusNotFound)
		answer := s.post("/api/v1/statuses", anna.token, form("status", "A typo", "visibility", "private", "media_ids[]", media))
		if !stays {
			answer.is(http.StatusUnprocessableEntity)
			continue
		}
		if o := answer.ok().object(); at(o, "media_attachments").([]any)[0].(map[string]any)["id"] != media {
			t.Errorf("%q: written anew: %v", query, o)
		}
	}
	s.do("DELETE", "/api/v1/statuses/1?delete_media=banana", anna.token, "").is(http.StatusUnprocessableEntity)
}
