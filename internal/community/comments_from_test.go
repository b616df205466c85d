package community

import (
	"context"
	"errors"
	"testing"

	"tintype/internal/store"
)

// Who may do what with the comments on ann's post: every role, under every choice of hers.
func TestWhoMayComment(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, member, follower, moderator, blocked := g.account("ann"), g.account("member"), g.account("follower"), g.account("moderator"), g.account("blocked")
		_, err := g.PromoteAccount(g.ctx, "moderator", store.RoleAdmin)
		g.must(err)
		moderator.Role = store.RoleAdmin
		_, err = g.Follow(g.ctx, follower, ann.ID)
		g.must(err)
		_, err = g.Block(g.ctx, ann, blocked.ID)
		g.must(err)
		post := g.post(ann, store.Public, "A gate")
		first := g.comment(member, post.ID, "before anything was closed")

		const may, login, gone, followers, closed, own = "may", "log in", "not found", "followers", "closed", "closed by the author"
		said := func(err error) string {
			var bad *Invalid
			switch {
			case err == nil:
				return may
			case errors.Is(err, ErrUnauthenticated):
				return login
			case errors.Is(err, ErrNotFound):
				return gone
			case errors.As(err, &bad) && bad.Fields[0].Code == "followers":
				return followers
			case errors.As(err, &bad) && bad.Fields[0].Message == "You have closed the comments on this post.":
				return own
			case errors.As(err, &bad) && bad.Fields[0].Code == "closed":
				return closed
			}
			return err.Error()
		}
		for _, row := range []struct {
			from                                                    store.CommentsFrom
			visitor, member, follower, author, moderator, isBlocked string
		}{
			{store.CommentsFromEveryone, login, may, may, may, may, gone},
			{store.CommentsFromFollowers, login, followers, may, may, followers, gone},
			{store.CommentsFromNobody, login, closed, closed, own, closed, gone},
			{store.CommentsFromEveryone, login, may, may, may, may, gone}, // opened again
		} {
			after, err := g.SetCommentsFrom(g.ctx, ann, post.ID, row.from)
			g.must(err)
			if after.CommentsFrom != row.from || after.EditedAt != nil {
				t.Errorf("%s: %s, edited %v", row.from, after.CommentsFrom, after.EditedAt)
			}
			for _, on := range []struct {
				what string
				id   int64
			}{{"the post", post.ID}, {"a comment on it", first.ID}} {
				for _, c := range []struct {
					who  string
					acc  *store.Account
					want string
				}{
					{"visitor", nil, row.visitor}, {"member", member, row.member}, {"follower", follower, row.follower}, {"author", ann, row.author},
					{"moderator", moderator, row.moderator}, {"blocked", blocked, row.isBlocked},
				} {
					count := g.commentsOn(post.ID)
					_, err := g.Publish(g.ctx, c.acc, NewPost{Caption: "a word", InReplyTo: on.id})
					if got := said(err); got != c.want {
						t.Errorf("from %s: a %s who answers %s: %s, want %s", row.from, c.who, on.what, got, c.want)
					}
					if made := g.commentsOn(post.ID) - count; made != map[bool]int{true: 1}[c.want == may] {
						t.Errorf("from %s: a %s who answers %s made %d comments", row.from, c.who, on.what, made)
					}
					if c.acc == blocked {
						continue // sees no such page
					}
					want := c.want
					if want == login { // a visitor is asked to log in where every member may comment, and told why else
						want = map[store.CommentsFrom]string{store.CommentsFromEveryone: may, store.CommentsFromFollowers: followers, store.CommentsFromNobody: closed}[row.from]
					}
					if got := said(g.MayComment(g.ctx, c.acc, after)); got != want {
						t.Errorf("from %s: the page tells a %s: %s, want %s", row.from, c.who, got, want)
					}
				}
			}
		}

		// Nobody but the author says who may, and the author only of posts.
		for _, c := range []struct {
			who  string
			acc  *store.Account
			id   int64
			want error
		}{
			{"visitor", nil, post.ID, ErrUnauthenticated}, {"member", member, post.ID, ErrForbidden}, {"moderator", moderator, post.ID, ErrForbidden},
			{"blocked", blocked, post.ID, ErrNotFound}, {"a comment's author", member, first.ID, ErrForbidden}, {"nothing", ann, 1, ErrNotFound},
		} {
			if _, err := g.SetCommentsFrom(g.ctx, c.acc, c.id, store.CommentsFromNobody); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.who, err, c.want)
			}
		}
		var bad *Invalid
		if _, err := g.SetCommentsFrom(g.ctx, ann, post.ID, "friends"); !errors.As(err, &bad) {
			t.Errorf("a choice that there is not: %v", err)
		}

		// What is there already can be taken back, changed, liked and boosted, closed or not.
		_, err = g.SetCommentsFrom(g.ctx, ann, post.ID, store.CommentsFromNobody)
		g.must(err)
		words := "changed"
		_, err = g.EditPost(g.ctx, member, first.ID, PostChange{Caption: &words})
		g.must(err)
		_, err = g.Like(g.ctx, member, post.ID)
		g.must(err)
		_, err = g.Boost(g.ctx, follower, post.ID)
		g.must(err)
		if _, err = g.DeletePost(g.ctx, follower, first.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("a follower removes another's comment: %v", err)
		}
		_, err = g.DeletePost(g.ctx, ann, first.ID)
		g.must(err)
	})
}

func (g *testSite) commentsOn(id int64) int {
	g.t.Helper()
	p, err := g.Store.RawPost(store.Primary(g.ctx), id)
	g.must(err)
	return p.CommentsCount
}

// A comment that was on its way when the post was closed is refused under the lock, and leaves nothing.
func TestACommentOnAPostClosedMeanwhile(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		post := g.post(ann, store.Public, "A gate")
		before := post.Post
		_, err := g.SetCommentsFrom(g.ctx, ann, post.ID, store.CommentsFromNobody)
		g.must(err)
		in := NewPost{Caption: "Which gate?", InReplyTo: post.ID}
		row, err := g.newPostRow(bob, in)
		g.must(err)
		answer(row, &before)
		_, err = g.Store.TxOnce(g.ctx, "posts", func(ctx context.Context, tx *store.Store, id int64) error {
			row.ID, row.CreatedAt = id, store.ToMillis(store.IDTime(id))
			return g.publishTx(ctx, tx, bob, row, in, nil, &before, captionWords{}, nil)
		})
		var bad *Invalid
		if !errors.As(err, &bad) || bad.Fields[0].Code != "closed" {
			t.Errorf("%v", err)
		}
		if n := g.commentsOn(post.ID); n != 0 {
			t.Errorf("%d comments", n)
		}
	})
}

// A new post takes the member's default, and what was chosen for it goes before that, in the draft as well.
func TestWhoMayCommentByDefault(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann := g.account("ann")
		if p := g.post(ann, store.Public, "one"); p.CommentsFrom != store.CommentsFromEveryone {
			t.Errorf("at first: %s", p.CommentsFrom)
		}
		followers, nobody := store.CommentsFromFollowers, store.CommentsFromNobody
		ann, err := g.UpdatePosting(g.ctx, ann, PostingChange{CommentsFrom: &followers})
		g.must(err)
		if p := g.post(ann, store.Public, "two"); p.CommentsFrom != followers {
			t.Errorf("by default: %s", p.CommentsFrom)
		}
		if d, _, err := g.Draft(g.ctx, ann); err != nil || d.CommentsFrom != followers {
			t.Errorf("a new draft: %+v, %v", d, err)
		}
		_, err = g.SaveDraft(g.ctx, ann, DraftChange{CommentsFrom: &nobody})
		g.must(err)
		if d, _, err := g.Draft(g.ctx, ann); err != nil || d.CommentsFrom != nobody {
			t.Errorf("a draft: %+v, %v", d, err)
		}
		p, err := g.Publish(g.ctx, ann, NewPost{Caption: "three", CommentsFrom: nobody, PhotoIDs: []int64{g.photo(ann)}})
		g.must(err)
		if p.CommentsFrom != nobody {
			t.Errorf("chosen: %s", p.CommentsFrom)
		}
		if p, err = g.EditPost(g.ctx, ann, p.ID, PostChange{CommentsFrom: &followers}); err != nil || p.CommentsFrom != followers {
			t.Errorf("edited: %+v, %v", p, err)
		}
		var bad *Invalid
		other := store.CommentsFrom("friends")
		for what, err := range map[string]error{
			"a post":    second(g.Publish(g.ctx, ann, NewPost{Caption: "four", CommentsFrom: other, PhotoIDs: []int64{g.photo(ann)}})),
			"an edit":   second(g.EditPost(g.ctx, ann, p.ID, PostChange{CommentsFrom: &other})),
			"a draft":   second(g.SaveDraft(g.ctx, ann, DraftChange{CommentsFrom: &other})),
			"a default": second(g.UpdatePosting(g.ctx, ann, PostingChange{CommentsFrom: &other})),
		} {
			if !errors.As(err, &bad) || bad.Fields[0].Field != "comments_from" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
