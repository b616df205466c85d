package community

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"tintype/internal/store"
)

func TestTheOrderOfAnAlbum(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann := g.account("ann")
		var photos []int64
		for i := range 5 {
			photos = append(photos, g.post(ann, store.Public, fmt.Sprint(i)).Photos[0].ID)
		}
		id := g.album(ann, AlbumForm{}, photos...)
		order := func(is ...int) (out []int64) {
			for _, i := range is {
				out = append(out, photos[i])
			}
			return out
		}
		want := func(what string, is ...int) {
			t.Helper()
			if got := g.inAlbumFor(nil, id); !slices.Equal(got, order(is...)) {
				t.Errorf("%s: %v, want %v", what, got, order(is...))
			}
		}
		move := func(i int, to AlbumMove, before int) {
			t.Helper()
			g.must(g.MoveInAlbum(g.ctx, ann, id, photos[i], to, photos[before]))
		}
		want("as they were added", 0, 1, 2, 3, 4)
		move(3, MoveEarlier, 0)
		want("one step up", 0, 1, 3, 2, 4)
		move(1, MoveLater, 0)
		want("one step down", 0, 3, 1, 2, 4)
		move(4, MoveFirst, 0)
		want("first", 4, 0, 3, 1, 2)
		move(0, MoveLast, 0)
		want("last", 4, 3, 1, 2, 0)
		move(0, MoveBefore, 3)
		want("before another, upwards", 4, 0, 3, 1, 2)
		move(4, MoveBefore, 2)
		want("before another, downwards", 0, 3, 1, 4, 2)
		move(0, MoveEarlier, 0)
		move(2, MoveLater, 0)
		move(1, MoveBefore, 1)
		want("where there is no way to go", 0, 3, 1, 4, 2)
		g.must(g.RemoveFromAlbum(g.ctx, ann, id, photos[3]))
		_, err := g.AddToAlbum(g.ctx, ann, id, []int64{photos[3]}, false)
		g.must(err)
		move(2, MoveBefore, 0)
		want("after one went and came again", 2, 0, 1, 4, 3)
		for _, of := range [][2]int64{{7, photos[0]}, {photos[0], 7}} {
			if err := g.MoveInAlbum(g.ctx, ann, id, of[0], MoveBefore, of[1]); !errors.Is(err, ErrNotFound) {
				t.Errorf("a photo that is not in it: %v", err)
			}
		}

		g.must(g.EditAlbum(g.ctx, ann, id, AlbumForm{Title: "t", Visibility: store.Public, Adders: store.AddersOwner, Ordering: store.OrderOldest}))
		want("by date", 0, 1, 2, 3, 4)
		var refused *Invalid
		if err := g.MoveInAlbum(g.ctx, ann, id, photos[0], MoveLast, 0); !errors.As(err, &refused) {
			t.Errorf("moved in an album that is ordered by date: %v", err)
		}
		g.must(g.EditAlbum(g.ctx, ann, id, AlbumForm{Title: "t", Visibility: store.Public, Adders: store.AddersOwner, Ordering: store.OrderNewest}))
		want("newest first", 4, 3, 2, 1, 0)
		g.must(g.EditAlbum(g.ctx, ann, id, AlbumForm{Title: "t", Visibility: store.Public, Adders: store.AddersOwner, Ordering: store.OrderByHand}))
		want("by hand as before", 2, 0, 1, 4, 3)

		// The list of all shows no unlisted post, the profile does.
		unlisted := g.post(ann, store.Unlisted, "").Photos[0].ID
		half := g.album(ann, AlbumForm{}, unlisted)
		albums, err := g.Albums(g.ctx, nil, Cursor{})
		g.must(err)
		if albums[0].ID != half || albums[0].Cover != nil {
			t.Errorf("the list of all shows %+v", albums[0])
		}
		albums, err = g.AlbumsOf(g.ctx, nil, ann.ID, Cursor{})
		g.must(err)
		if albums[0].ID != half || albums[0].Cover == nil || albums[0].Cover.Photo.ID != unlisted {
			t.Errorf("the profile shows %+v", albums[0])
		}
		g.must(g.DeleteAlbum(g.ctx, ann, half))

		g.must(g.SetAlbumCover(g.ctx, ann, id, photos[4]))
		cover := func() int64 {
			albums, err := g.Albums(g.ctx, nil, Cursor{})
			g.must(err)
			return albums[0].Cover.Photo.ID
		}
		if got := cover(); got != photos[4] {
			t.Errorf("the cover is %d, want %d", got, photos[4])
		}
		g.must(g.RemoveFromAlbum(g.ctx, ann, id, photos[4]))
		if got := cover(); got != photos[2] {
			t.Errorf("without the chosen cover it is %d, want %d", got, photos[2])
		}
		if err := g.SetAlbumCover(g.ctx, ann, id, photos[4]); !errors.Is(err, ErrNotFound) {
			t.Errorf("a cover that is not in the album: %v", err)
		}
	})
}

func TestTwoAddToAnAlbumAtOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		id := g.album(ann, AlbumForm{Adders: store.AddersMembers})
		const each = 8
		var all []int64
		var wait sync.WaitGroup
		for _, who := range []*store.Account{ann, bob} {
			for range each {
				photo := g.post(who, store.Public, "").Photos[0].ID
				all = append(all, photo)
				for range 2 { // and each of them twice
					wait.Go(func() {
						if _, err := g.AddToAlbum(g.ctx, who, id, []int64{photo}, false); err != nil {
							t.Error(err)
						}
					})
				}
			}
		}
		wait.Wait()
		got := g.inAlbumFor(nil, id)
		slices.Sort(got)
		slices.Sort(all)
		if !slices.Equal(got, all) {
			t.Errorf("the album has %v, want %v", got, all)
		}
		var places, different int
		g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*), COUNT(DISTINCT position) FROM album_photos WHERE album_id = ?", id).Scan(&places, &different))
		if places != len(all) || different != places {
			t.Errorf("%d photos at %d places", places, different)
		}
	})
}
