package community

import (
	"slices"
	"testing"

	"tintype/internal/store"
)

func TestLikedPostsAreInTheOrderOfLikes(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		anna, bob := g.account("anna"), g.account("bob")
		_, err := g.Follow(g.ctx, bob, anna.ID)
		g.must(err)
		first, secret, last := g.post(anna, store.Public, "1"), g.post(anna, store.Followers, "2"), g.post(anna, store.Public, "3")
		for _, p := range []*Post{last, secret, first} {
			_, err := g.Like(g.ctx, bob, p.ID)
			g.must(err)
		}
		read := func() (ids []int64) {
			page := Cursor{Limit: 1}
			for range 5 {
				posts, next, _, err := g.LikedPosts(g.ctx, bob, page)
				g.must(err)
				ids = append(ids, idsOf(posts)...)
				if next == 0 {
					return ids
				}
				page.MaxID = next
			}
			t.Fatal("the pages do not end")
			return nil
		}
		if got, want := read(), []int64{first.ID, secret.ID, last.ID}; !slices.Equal(got, want) {
			t.Errorf("liked %v, want %v", got, want)
		}
		_, err = g.Unfollow(g.ctx, bob, anna.ID)
		g.must(err)
		if got, want := read(), []int64{first.ID, last.ID}; !slices.Equal(got, want) {
			t.Errorf("liked and still seen: %v, want %v", got, want)
		}
	})
}
