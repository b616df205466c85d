package community

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// runEach runs the jobs of the kind that are due, and those that they leave. It returns how many there were.
func (g *testSite) runEach(kind string, run func(context.Context, *queue.Job) error) (n int) {
	g.t.Helper()
	for ; ; n++ {
		jobs, err := JobBackend(g.Store).Claim(g.ctx, []string{kind}, 1, time.Minute)
		g.must(err)
		if len(jobs) == 0 {
			return n
		}
		g.must(run(g.ctx, &jobs[0]))
	}
}

func (g *testSite) waitingJobs(kind string) (n int) {
	g.t.Helper()
	g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*) FROM jobs WHERE kind = ?", kind).Scan(&n))
	return n
}

// Who boosted a post or commented on it is told once that it was edited, and by nothing else that happens to it.
func TestEditsAreTold(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, cid, dan, eve := g.account("ann"), g.account("bob"), g.account("cid"), g.account("dan"), g.account("eve")
		post := g.post(ann, store.Public, "A bride")
		told := func(a *store.Account) (posts []int64) {
			t.Helper()
			list, err := g.Notifications(g.ctx, a, NotificationFilter{Types: []string{store.NotifyUpdate}}, Cursor{})
			g.must(err)
			for _, n := range list {
				if n.FromID != ann.ID || n.Post == nil {
					t.Errorf("%s is told of %+v", a.Username, n)
				}
				posts = append(posts, n.Post.ID)
			}
			return posts
		}
		edit := func(change PostChange) int {
			t.Helper()
			_, err := g.EditPost(g.ctx, ann, post.ID, change)
			g.must(err)
			return g.runEach(jobTellEdit, g.runTellEdit)
		}
		words := func(s string) PostChange { return PostChange{Caption: &s} }
		if n := edit(words("A bridg")); n != 0 {
			t.Errorf("%d jobs where there is nobody to tell", n)
		}
		for _, a := range []*store.Account{bob, cid, eve} {
			_, err := g.Boost(g.ctx, a, post.ID)
			g.must(err)
		}
		g.comment(bob, post.ID, "Fine")
		g.comment(dan, post.ID, "Fine")
		g.comment(ann, post.ID, "Thank you")
		_, err := g.Block(g.ctx, eve, ann.ID)
		g.must(err)
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE posts SET edited_at = edited_at - ? WHERE id = ?", editRings, post.ID)
		g.must(err)
		g.must(g.Store.PutPushSubscription(g.ctx, &store.PushSubscription{ID: 1, AccountID: bob.ID, Endpoint: "https://push.example/bob", EndpointHash: "bob", SessionHash: new("s"), CreatedAt: 1}, 10))
		pushed := g.waitingJobs(jobPush)
		for range 2 { // the second takes the place of the first, and rings nobody again
			edit(words(fmt.Sprint("A bridge ", time.Now().UnixNano())))
			if n := g.waitingJobs(jobPush) - pushed; n != 1 {
				t.Errorf("%d are pushed to one browser", n)
			}
			for _, a := range []*store.Account{bob, cid, dan} {
				if got := told(a); !slices.Equal(got, []int64{post.ID}) {
					t.Errorf("%s is told of %v", a.Username, got)
				}
			}
			for _, a := range []*store.Account{ann, eve} {
				if got := told(a); len(got) > 0 {
					t.Errorf("%s is told of %v", a.Username, got)
				}
			}
		}
		nobody := store.CommentsFromNobody
		if n := edit(PostChange{CommentsFrom: &nobody}); n != 0 {
			t.Errorf("%d jobs tell who may comment", n)
		}
		for i := range editTold {
			a := g.account(fmt.Sprint("more", i))
			_, err := g.Boost(g.ctx, a, post.ID)
			g.must(err)
		}
		if n := edit(words("A long bridge")); n != 2 {
			t.Errorf("%d jobs tell %d people", n, editTold+3)
		}
		_, err = g.Follow(g.ctx, cid, ann.ID)
		g.must(err)
		narrow := store.Followers
		g.must(g.ClearNotifications(g.ctx, bob))
		text := "Only for friends"
		edit(PostChange{Visibility: &narrow, Caption: &text})
		if len(told(bob)) != 0 || len(told(cid)) != 1 {
			t.Errorf("of what only followers see, bob is told %v and cid %v", told(bob), told(cid))
		}
	})
}

// Who was told of a comment is told once that it was edited: whom it answers or mentions, and the post's author. Whom the edit
// itself mentions for the first time learns of that alone.
func TestEditsOfCommentsAreTold(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, cid, dan, eve := g.account("ann"), g.account("bob"), g.account("cid"), g.account("dan"), g.account("eve")
		post := g.post(ann, store.Public, "A bridge")
		first := g.comment(bob, post.ID, "Where is that?")
		_, err := g.Boost(g.ctx, eve, post.ID)
		g.must(err)
		g.comment(eve, post.ID, "Fine")
		comment, err := g.Publish(g.ctx, cid, NewPost{Caption: "In the west, @dan knows", InReplyTo: first.ID})
		g.must(err)
		kinds := func(a *store.Account) (list []string) {
			t.Helper()
			told, err := g.Notifications(g.ctx, a, NotificationFilter{}, Cursor{})
			g.must(err)
			for _, n := range told {
				if n.Post != nil && n.Post.ID == comment.ID {
					list = append(list, n.Kind)
				}
			}
			return list
		}
		edit := func(words string) {
			t.Helper()
			time.Sleep(2 * time.Millisecond) // what is told at the edit's own time is told by it
			_, err := g.EditPost(g.ctx, cid, comment.ID, PostChange{Caption: &words})
			g.must(err)
			g.runEach(jobTellEdit, g.runTellEdit)
		}
		for _, words := range []string{"In the east, @dan knows", "In the east, @dan and @eve know"} {
			edit(words)
			for _, a := range []*store.Account{ann, bob, dan} {
				if got := kinds(a); !slices.Equal(got, []string{store.NotifyUpdate, store.NotifyMention}) {
					t.Errorf("%q tells %s %v", words, a.Username, got)
				}
			}
			if got := kinds(cid); len(got) > 0 {
				t.Errorf("%q tells its author %v", words, got)
			}
		}
		if got := kinds(eve); !slices.Equal(got, []string{store.NotifyMention}) {
			t.Errorf("whom the edit mentions is told %v", got)
		}
		edit("In the north, @eve knows")
		if got := kinds(dan); !slices.Equal(got, []string{store.NotifyUpdate, store.NotifyMention}) {
			t.Errorf("whom the comment no longer mentions is told %v", got)
		}
		if got := kinds(eve); !slices.Equal(got, []string{store.NotifyUpdate, store.NotifyMention}) {
			t.Errorf("whom the comment mentions by now is told %v", got)
		}
	})
}
