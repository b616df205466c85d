package community

import (
	"strings"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestAWiderAudienceReadsNoEarlierWords: what a post and the comments under it said while they were for followers alone has no
// version for those who may see them from then on. A post that was public, or becomes narrower, keeps its versions.
func TestAWiderAudienceReadsNoEarlierWords(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		g := newTestSite(t, open(t))
		ann, fan := g.account("ann"), g.account("fan")
		_, err := g.Follow(g.ctx, fan, ann.ID)
		g.must(err)
		for _, to := range []store.Visibility{store.Public, store.Unlisted} {
			for from, want := range map[store.Visibility]string{store.Followers: "school found", store.Public: "at the school;at school;school found"} {
				if from == to {
					continue
				}
				p := g.post(ann, from, "at the school")
				comment := g.comment(fan, p.ID, "which school")
				edit := func(id int64, by *store.Account, change PostChange) {
					t.Helper()
					_, err := g.EditPost(g.ctx, by, id, change)
					g.must(err)
				}
				words := func(text string) *string { return &text }
				edit(p.ID, ann, PostChange{Caption: words("at school")})
				edit(comment.ID, fan, PostChange{Caption: words("which one")})
				edit(p.ID, ann, PostChange{Caption: words("school found"), Visibility: &to})
				said := func(id int64) string {
					t.Helper()
					_, versions, err := g.History(g.ctx, nil, id)
					g.must(err)
					var all []string
					for _, v := range versions {
						all = append(all, v.Caption)
					}
					return strings.Join(all, ";")
				}
				if got := said(p.ID); got != want {
					t.Errorf("from %s to %s the post's versions are %q, want %q", from, to, got, want)
				}
				wantComment := "which school;which one"
				if from == store.Followers {
					wantComment = "which one"
				}
				if got := said(comment.ID); got != wantComment {
					t.Errorf("from %s to %s the comment's versions are %q, want %q", from, to, got, wantComment)
				}
				edit(p.ID, ann, PostChange{Caption: words("school shut")})
				if got := said(p.ID); got != want+";school shut" {
					t.Errorf("edited later its versions are %q", got)
				}
			}
		}
	})
}
