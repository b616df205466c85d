package app

import (
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// A post's page of albums takes its photographs out of those that its author no longer sees, and does not name them.
func TestPhotographsLeaveAlbumsThatTheirAuthorNoLongerSees(t *testing.T) {
	r := newRoleSite(t)
	post := r.postObject("public", "Fog")
	id, err := strconv.ParseInt(post["id"], 10, 64)
	r.must(err)
	shown, err := r.c.PostByID(r.ctx, r.accounts["anna"], id)
	r.must(err)
	album, err := r.c.CreateAlbum(r.ctx, r.accounts["other"], community.AlbumForm{Title: "Secret outing", Visibility: store.AlbumInvited, Adders: store.AddersInvited, Ordering: store.OrderByHand})
	r.must(err)
	r.must(r.c.InviteToAlbum(r.ctx, r.accounts["other"], album.ID, "anna_1"))
	_, err = r.c.AddToAlbum(r.ctx, r.accounts["anna"], album.ID, []int64{shown.Photos[0].ID}, false)
	r.must(err)
	anna, path := r.browsers["anna"], "/posts/"+post["id"]+"/albums"
	const sentence = "1 album that you no longer see has photographs of this post."
	if page := anna.send("GET", path).Body.String(); strings.Contains(page, sentence) || !strings.Contains(page, "Secret outing") {
		t.Error("while anna sees the album", page)
	}
	r.must(r.c.UninviteFromAlbum(r.ctx, r.accounts["other"], album.ID, r.accounts["anna"].ID))
	if page := anna.send("GET", path).Body.String(); !strings.Contains(page, sentence) || strings.Contains(page, "Secret outing") {
		t.Error("once anna no longer sees it", page)
	}
	for _, who := range []string{"blocked", "anna"} { // somebody else's does nothing
		w := r.browsers[who].send("POST", path, "leave", "on")
		if page := anna.send("GET", path).Body.String(); strings.Contains(page, sentence) != (who == "blocked") {
			t.Errorf("after %s took them out: %d", who, w.Code)
		}
	}
}
