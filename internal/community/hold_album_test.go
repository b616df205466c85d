package community

import (
	"fmt"
	"slices"
	"testing"
)

// A form of "a post each" with an album: whichever posts are held, the others are in the album at once, and each held one adds its photo
// when it is approved, in any order, and whatever becomes of the others.
func TestHeldPostsOfOneEachGetIntoTheAlbum(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		mod, ann := heldSite(g)
		for _, c := range []struct {
			what   string
			held   [3]bool // by place in the form; the first is made last, and adds those that are there
			decide []int   // the held ones, in the order in which they are approved; -n rejects n
			at1st  []int   // places that are in the album before, and
			after  []int
		}{
			{"none", [3]bool{}, nil, []int{0, 1, 2}, []int{0, 1, 2}},
			{"one in the middle", [3]bool{1: true}, []int{1}, []int{0, 2}, []int{0, 2, 1}},
			{"the one that adds all", [3]bool{0: true}, []int{0}, []int{1, 2}, []int{1, 2, 0}},
			{"all, the newest first", [3]bool{true, true, true}, []int{0, 1, 2}, []int{}, []int{0, 1, 2}},
			{"all, of which one is rejected", [3]bool{true, true, true}, []int{-2, 0, 1}, []int{}, []int{0, 1}},
		} {
			album := g.album(ann, AlbumForm{})
			photos := []int64{g.photo(ann), g.photo(ann), g.photo(ann)}
			made := make([]*Post, 3)
			for i := 2; i >= 0; i-- {
				in := NewPost{PhotoIDs: photos[i : i+1], AlbumID: album, AlbumIfHeld: i > 0, Descriptions: map[int64]string{photos[i]: "A gate"}}
				if c.held[i] {
					in.Descriptions[photos[i]] = "The casino"
				}
				if i == 0 {
					in.AlbumPhotoIDs = photos
				}
				var err error
				if made[i], err = g.Publish(g.ctx, ann, in); err != nil || made[i].Held != c.held[i] {
					t.Fatalf("%s: post %d: held %v, %v", c.what, i, made[i] != nil && made[i].Held, err)
				}
			}
			has := func(when string, want []int) {
				t.Helper()
				ids := []int64{}
				for _, i := range want {
					ids = append(ids, photos[i])
				}
				if got := g.inAlbumFor(ann, album); !slices.Equal(got, ids) {
					t.Errorf("%s: %s the album has %v, want %v", c.what, when, got, ids)
				}
			}
			has("at first", c.at1st)
			for _, i := range c.decide {
				var err error
				if i < 0 {
					err = g.RejectHeld(g.ctx, mod, made[-i].ID, "")
				} else {
					_, err = g.ApproveHeld(g.ctx, mod, made[i].ID)
				}
				if err != nil {
					t.Errorf("%s: decide about %d: %v", c.what, i, err)
				}
			}
			has("in the end", c.after)
		}
	})
}

// What was held before held posts added only their own may name photos of others that wait, or were rejected.
func TestAHeldPostThatNamesPhotosThatAreNotThere(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		mod, ann := heldSite(g)
		album := g.album(ann, AlbumForm{})
		own, other := g.photo(ann), g.photo(ann)
		held, err := g.Publish(g.ctx, ann, NewPost{Caption: "casino", PhotoIDs: []int64{own}})
		g.must(err)
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE held_posts SET payload = REPLACE(payload, '{', ?) WHERE id = ?", "{"+`"AlbumID":`+fmt.Sprint(album)+`,"AlbumPhotoIDs":[`+fmt.Sprint(own)+","+fmt.Sprint(other)+"],", held.ID)
		g.must(err)
		_, err = g.ApproveHeld(g.ctx, mod, held.ID)
		g.must(err)
		if got := g.inAlbumFor(ann, album); !slices.Equal(got, []int64{own}) {
			t.Errorf("the album has %v, want %d", got, own)
		}
	})
}
