package community

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
)

// bell turns on, or off, that acc is told of each post of another.
func (g *testSite) bell(acc, of *store.Account, on bool) Relationship {
	g.t.Helper()
	rel, err := g.FollowWith(g.ctx, acc, of.ID, FollowOptions{Notify: &on})
	g.must(err)
	return rel
}

// toldOfPosts are the posts of which acc is told because somebody posted them, newest first.
func (g *testSite) toldOfPosts(acc *store.Account) (posts []int64) {
	g.t.Helper()
	list, err := g.Notifications(g.ctx, acc, NotificationFilter{Types: []string{store.NotifyPost}}, Cursor{})
	g.must(err)
	for _, n := range list {
		if n.Post == nil || n.FromID != n.Post.AuthorID {
			g.t.Fatalf("%s is told of %+v", acc.Username, n)
		}
		posts = append(posts, n.Post.ID)
	}
	return posts
}

func (g *testSite) expectToldOfPosts(what string, acc *store.Account, want ...*Post) {
	g.t.Helper()
	var ids []int64
	for _, p := range want {
		ids = append(ids, p.ID)
	}
	if got := g.toldOfPosts(acc); !slices.Equal(got, ids) {
		g.t.Errorf("%s: %s is told of %v, want %v", what, acc.Username, got, ids)
	}
}

// Who asked for it is told of each post that their feed has, once, and of nothing else.
func TestPostsAreTold(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, cid, dan, eve := g.account("ann"), g.account("bob"), g.account("cid"), g.account("dan"), g.account("eve")
		run := func() int { t.Helper(); return g.runEach(jobTellPost, g.runTellPost) }
		_, err := g.Follow(g.ctx, bob, ann.ID)
		g.must(err)
		g.post(ann, store.Public, "before anybody asked")
		if n := run(); n != 0 {
			t.Errorf("%d jobs where nobody asked", n)
		}
		for _, a := range []*store.Account{bob, cid, dan} {
			if rel := g.bell(a, ann, true); !rel.Following || !rel.Notify {
				t.Errorf("%+v", rel)
			}
		}
		_, err = g.Follow(g.ctx, eve, ann.ID)
		g.must(err)
		if rel, err := g.FollowWith(g.ctx, cid, ann.ID, FollowOptions{HideBoosts: new(true)}); err != nil || !rel.Notify || !rel.HideBoosts {
			t.Errorf("another option: %+v, %v", rel, err)
		}
		g.must(g.Store.PutPushSubscription(g.ctx, &store.PushSubscription{ID: 1, AccountID: bob.ID, Endpoint: "https://push.example/bob", EndpointHash: "bob", SessionHash: new("s"), CreatedAt: 1}, 10))

		open := g.post(ann, store.Public, "for all, and @dan")
		jobs, err := JobBackend(g.Store).Claim(g.ctx, []string{jobTellPost}, 1, time.Minute)
		g.must(err)
		lost := jobs[0]
		lost.Token = "another's"
		if err := g.runTellPost(g.ctx, &lost); err == nil {
			t.Error("a worker whose lease is over has done the job")
		}
		g.expectToldOfPosts("by who lost the lease", bob)
		g.must(g.runTellPost(g.ctx, &jobs[0]))
		g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
			return tx.AddJob(ctx, jobTellPost, tellPostPayload{PostID: open.ID}, 0)
		}))
		if n := run(); n != 1 || g.waitingJobs(jobPush) != 1 {
			t.Errorf("%d jobs, %d pushes to one browser", n, g.waitingJobs(jobPush))
		}
		g.expectToldOfPosts("twice", bob, open)
		g.expectToldOfPosts("who is mentioned", dan)
		g.expectToldOfPosts("who did not ask", eve)
		g.expectToldOfPosts("the author", ann)

		closed := g.post(ann, store.Followers, "for friends")
		unlisted := g.post(ann, store.Unlisted, "on my page")
		g.comment(ann, open.ID, "A comment")
		_, err = g.Boost(g.ctx, ann, g.post(eve, store.Public, "another's").ID)
		g.must(err)
		_, err = g.EditPost(g.ctx, ann, closed.ID, PostChange{Caption: new("for good friends")})
		g.must(err)
		if n := run(); n != 2 {
			t.Errorf("%d jobs, want one for each post", n)
		}
		g.expectToldOfPosts("all", bob, unlisted, closed, open)

		// Who mutes the author is told nothing while that lasts, unless notifications stay.
		_, err = g.Mute(g.ctx, bob, ann.ID, MuteOptions{For: time.Hour})
		g.must(err)
		_, err = g.Mute(g.ctx, cid, ann.ID, MuteOptions{KeepNotifications: true})
		g.must(err)
		muted := g.post(ann, store.Public, "muted")
		run()
		_, err = g.Unmute(g.ctx, bob, ann.ID)
		g.must(err)
		g.expectToldOfPosts("after a mute", bob, unlisted, closed, open)
		g.expectToldOfPosts("a mute that leaves notifications", cid, muted, unlisted, closed, open)

		// It goes with the follow, and where it is turned off.
		_, err = g.Block(g.ctx, ann, cid.ID)
		g.must(err)
		if rel := g.bell(bob, ann, false); rel.Notify || !rel.Following {
			t.Errorf("%+v", rel)
		}
		_, err = g.Unfollow(g.ctx, dan, ann.ID)
		g.must(err)
		if rel, err := g.Follow(g.ctx, dan, ann.ID); err != nil || rel.Notify {
			t.Errorf("followed anew: %+v, %v", rel, err)
		}
		g.post(ann, store.Public, "for nobody")
		if n := run(); n != 0 {
			t.Errorf("%d jobs for nobody", n)
		}

		// What was deleted before the job came is not told, and what is deleted later is told no more.
		g.bell(bob, ann, true)
		gone := g.post(ann, store.Public, "a mistake")
		_, err = g.DeletePost(g.ctx, ann, gone.ID)
		g.must(err)
		_, err = g.DeletePost(g.ctx, ann, unlisted.ID)
		g.must(err)
		if n := run(); n != 1 {
			t.Errorf("%d jobs", n)
		}
		g.expectToldOfPosts("deleted", bob, closed, open)
		late := g.post(ann, store.Public, "before she was suspended")
		_, err = g.SuspendMember(g.ctx, ByCommand(""), "ann", Sanction{})
		g.must(err)
		run()
		_, err = g.UnsuspendMember(g.ctx, ByCommand(""), "ann")
		g.must(err)
		if slices.Contains(g.toldOfPosts(bob), late.ID) {
			t.Error("a suspended author's post is told")
		}
		_, err = g.LimitMember(g.ctx, ByCommand(""), "ann", Sanction{})
		g.must(err)
		limited := g.post(ann, store.Public, "limited")
		run()
		if got := g.toldOfPosts(bob); len(got) == 0 || got[0] != limited.ID {
			t.Errorf("of a limited author's posts her follower is told %v", got)
		}
	})
}

// Those who want to be told are told in parts.
func TestAPostIsToldInParts(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann := g.account("ann")
		var people []*store.Account
		for i := range postTold + 1 {
			people = append(people, g.account(fmt.Sprint("m", i)))
			g.bell(people[i], ann, true)
		}
		post := g.post(ann, store.Public, "A bridge")
		if n := g.runEach(jobTellPost, g.runTellPost); n != 2 {
			t.Errorf("%d jobs tell %d people", n, len(people))
		}
		for _, a := range people {
			g.expectToldOfPosts("in parts", a, post)
		}
	})
}

// A request keeps what is asked for until it is a follow.
func TestARequestKeepsItsBell(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob, cid := g.account("ann"), g.account("bob"), g.account("cid")
		_, err := g.UpdatePosting(g.ctx, ann, PostingChange{Locked: new(true)})
		g.must(err)
		for _, a := range []*store.Account{bob, cid} {
			if rel := g.bell(a, ann, true); rel.Following || !rel.Requested || !rel.Notify {
				t.Errorf("%+v", rel)
			}
		}
		if rel := g.bell(cid, ann, false); !rel.Requested || rel.Notify {
			t.Errorf("%+v", rel)
		}
		for _, a := range []*store.Account{bob, cid} {
			_, err := g.AcceptFollow(g.ctx, ann, a.ID)
			g.must(err)
		}
		post := g.post(ann, store.Followers, "for friends")
		g.runEach(jobTellPost, g.runTellPost)
		g.expectToldOfPosts("whose request asked", bob, post)
		g.expectToldOfPosts("whose request asked no more", cid)
	})
}

// A post that waits for a moderator is told once it is published.
func TestAHeldPostIsToldOnceItIsPublished(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		mod, ann := heldSite(g)
		bob := g.account("bob")
		g.bell(bob, ann, true)
		if held := g.post(ann, store.Public, "casino"); !held.Held {
			t.Fatalf("%+v", held)
		}
		if n := g.runEach(jobTellPost, g.runTellPost); n != 0 {
			t.Errorf("%d jobs tell of what waits", n)
		}
		list, err := g.HeldPosts(g.ctx, mod, Cursor{})
		g.must(err)
		post, err := g.ApproveHeld(g.ctx, mod, list[0].ID)
		g.must(err)
		g.runEach(jobTellPost, g.runTellPost)
		g.expectToldOfPosts("approved", bob, post)
	})
}

// An app that chose the alert is pushed each post, a browser too unless its member turned the kind off, and nobody what a filter covers.
func TestPostsArePushed(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob := g.account("ann"), g.account("bob")
		g.bell(bob, ann, true)
		browser := s.browser(bob, "one")
		token, bearer := s.token(bob)
		phone := s.phone(bob, token, bearer, PushFromFollowed, store.NotifyPost)
		other, otherBearer := s.token(bob)
		quiet := s.phone(bob, other, otherBearer, "", store.NotifyMention)
		post := func(caption string) {
			t.Helper()
			g.post(ann, store.Followers, caption)
			g.runEach(jobTellPost, g.runTellPost)
			if failed := s.deliver(); len(failed) != 0 {
				t.Error(failed)
			}
		}
		post("A hill")
		const title = "ann posted a photograph"
		s.expectTold("a browser", browser, title)
		s.expectTold("an app", phone, title)
		s.expectTold("an app that did not choose it", quiet)
		if m := phone.Got()[0]; !strings.Contains(m.Payload, `"notification_type":"status"`) || !strings.Contains(m.Payload, `"body":"A hill"`) {
			t.Errorf("an app got %s", m.Payload)
		}
		g.must(g.ChooseNotifications(g.ctx, bob, []NotificationChoice{{NotificationKind: NotificationKind{Kind: store.NotifyPost}, Page: true}}))
		post("A valley")
		s.expectTold("a browser whose member wants none", browser, title)
		s.expectTold("an app", phone, title, title)
		words := "Spiders"
		_, err := g.CreateFilter(g.ctx, bob, FilterChange{Title: &words, Contexts: FilterContexts, Keywords: []KeywordChange{{Keyword: &words}}})
		g.must(err)
		post("Spiders")
		s.expectTold("of what a filter covers", phone, title, title)
	})
}
