package community

import (
	"slices"
	"testing"

	"tintype/internal/store"
)

// TestAuthorsTakePhotographsOutOfAlbumsTheyNoLongerSee: of those alone, and only their own.
func TestAuthorsTakePhotographsOutOfAlbumsTheyNoLongerSee(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		post, other := g.post(bob, store.Public, ""), g.post(bob, store.Public, "another")
		anns, bobs, others := g.post(ann, store.Public, "").Photos[0].ID, post.Photos[0].ID, other.Photos[0].ID
		shut := g.album(ann, AlbumForm{Adders: store.AddersInvited, Visibility: store.AlbumInvited}, anns)
		open := g.album(ann, AlbumForm{Adders: store.AddersInvited}, anns)
		for _, id := range []int64{shut, open} {
			g.must(g.InviteToAlbum(g.ctx, ann, id, "bob"))
			_, err := g.AddToAlbum(g.ctx, bob, id, []int64{bobs, others}, true)
			g.must(err)
		}
		unseen := func(who *store.Account, want int) {
			t.Helper()
			if n, err := g.UnseenAlbums(g.ctx, who, post.ID); err != nil || n != want {
				t.Errorf("%d albums with the post's photographs are not seen, want %d; %v", n, want, err)
			}
		}
		has := func(id int64, want ...int64) {
			t.Helper()
			var got []int64
			rows, err := g.Store.SQL().QueryContext(g.ctx, "SELECT photo_id FROM album_photos WHERE album_id = ? ORDER BY photo_id", id)
			g.must(err)
			defer rows.Close()
			for rows.Next() {
				var photo int64
				g.must(rows.Scan(&photo))
				got = append(got, photo)
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("the album has %v, want %v", got, want)
			}
		}
		unseen(bob, 0)
		g.must(g.LeaveUnseenAlbums(g.ctx, bob, post.ID))
		has(shut, anns, bobs, others)
		for _, id := range []int64{shut, open} {
			g.must(g.UninviteFromAlbum(g.ctx, ann, id, bob.ID))
		}
		unseen(bob, 1)
		unseen(ann, 0)
		g.must(g.LeaveUnseenAlbums(g.ctx, ann, post.ID))
		has(shut, anns, bobs, others)
		g.must(g.LeaveUnseenAlbums(g.ctx, bob, post.ID))
		has(shut, anns, others)
		has(open, anns, bobs, others)
		unseen(bob, 0)
		g.must(g.RemoveFromAlbum(g.ctx, bob, open, bobs))
		if err := g.LeaveUnseenAlbums(g.ctx, nil, post.ID); err != ErrUnauthenticated {
			t.Errorf("a visitor: %v", err)
		}
	})
}
