package community

import (
	"sync"
	"testing"
)

// The same form makes one thing however often it arrives, and the same key with other words another.
func TestAFormMakesOneThing(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		file := func(comment string) int64 {
			r, err := g.Report(g.ctx, ann, Report{TargetID: bob.ID, Comment: comment, IdempotencyKey: "k"})
			g.must(err)
			return r.ID
		}
		first := file("Spam")
		var again [4]int64
		var all sync.WaitGroup
		for i := range again {
			all.Go(func() { again[i] = file("Spam") })
		}
		all.Wait()
		for _, id := range again {
			if id != first {
				t.Errorf("the report is %d, then %d", first, id)
			}
		}
		if file("Something else") == first {
			t.Error("another report was not filed")
		}
		var albums [4]int64
		for i := range albums {
			all.Go(func() {
				al, err := g.CreateAlbum(g.ctx, ann, AlbumForm{Title: "An outing", Visibility: "public", Adders: "owner", Ordering: "hand", IdempotencyKey: "k"})
				if err != nil {
					t.Error(err)
					return
				}
				albums[i] = al.ID
			})
		}
		all.Wait()
		for _, id := range albums {
			if id != albums[0] {
				t.Errorf("the albums are %v", albums)
			}
		}
	})
}
