package community

import (
	"testing"
	"time"

	"tintype/internal/store"
)

// What a process of the release before has written without the counters is counted once that one is gone, and only once.
func TestCommentsAreCountedAfterAnUpgrade(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		post := g.post(ann, store.Public, "x")
		g.comment(bob, post.ID, "counted")
		private := g.post(bob, store.Followers, "y")
		g.comment(bob, private.ID, "counted, too")
		uncount := func() {
			t.Helper()
			if _, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET comments_count = 0, open_comments_count = 7"); err != nil {
				t.Fatal(err)
			}
		}
		want := func(when string, all, open int) {
			t.Helper()
			a, err := g.Store.AccountByID(g.ctx, bob.ID)
			g.must(err)
			if a.CommentsCount != all || a.OpenCommentsCount != open {
				t.Errorf("%s: %d comments, %d open, want %d, %d", when, a.CommentsCount, a.OpenCommentsCount, all, open)
			}
		}
		want("at first", 2, 1)
		uncount()
		start, err := g.Store.Now(g.ctx)
		g.must(err)
		later := func(d time.Duration) store.Millis { return start + store.Millis(d.Milliseconds()) }
		g.must(g.recountComments(g.ctx, start))
		g.must(g.recountComments(g.ctx, later(rollingUpgrade/2)))
		want("while the other may still be there", 0, 7)
		g.must(g.recountComments(g.ctx, later(rollingUpgrade)))
		want("afterwards", 2, 1)
		uncount()
		g.must(g.recountComments(g.ctx, later(2*rollingUpgrade)))
		want("once more", 0, 7)
	})
}
