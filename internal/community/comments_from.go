package community

import (
	"context"
	"errors"

	"tintype/internal/store"
)

// MayComment returns nil if the account may comment in the thread of the post, else *Invalid with a sentence that says
// why not. A visitor may where everybody with an account may.
func (c *Community) MayComment(ctx context.Context, acc *store.Account, root *store.Post) error {
	return fromStore(mayComment(ctx, c.Store, acc, root))
}

func mayComment(ctx context.Context, s *store.Store, acc *store.Account, root *store.Post) error {
	refused := refusal(acc, root)
	if refused != nil && acc != nil && root.CommentsFrom == store.CommentsFromFollowers {
		following, err := s.FollowersAmong(ctx, root.AuthorID, []int64{acc.ID})
		if err != nil || following[acc.ID] {
			return err
		}
	}
	return refused
}

// refusal says why an account that does not follow the author may not comment on the post.
func refusal(acc *store.Account, root *store.Post) error {
	own := acc != nil && acc.ID == root.AuthorID
	switch {
	case root.CommentsFrom == store.CommentsFromNobody && own:
		return refusedComment("closed", "You have closed the comments on this post.")
	case root.CommentsFrom == store.CommentsFromNobody:
		return refusedComment("closed", "The author has closed the comments on this post.")
	case root.CommentsFrom == store.CommentsFromFollowers && !own:
		return refusedComment("followers", "Only people who follow the author may comment on this post.")
	}
	return nil
}

// refusedAmong says to which of the accounts the post is closed, and why.
func refusedAmong(ctx context.Context, s *store.Store, root *store.Post, accounts []int64) (map[int64]string, error) {
	if root.CommentsFrom == store.CommentsFromEveryone {
		return nil, nil
	}
	out := make(map[int64]string, len(accounts))
	following := map[int64]bool{}
	if root.CommentsFrom == store.CommentsFromFollowers {
		var err error
		if following, err = s.FollowersAmong(ctx, root.AuthorID, accounts); err != nil {
			return nil, err
		}
	}
	for _, id := range accounts {
		var refused *Invalid
		if !following[id] && errors.As(refusal(&store.Account{ID: id}, root), &refused) {
			out[id] = refused.Fields[0].Message
		}
	}
	return out, nil
}

func refusedComment(code, sentence string) error {
	return invalid("in_reply_to", code, sentence)
}

// SetCommentsFrom changes who may comment on one's own post from now on. The comments that are there stay, and the post
// does not count as edited. It returns ErrNotFound for what the account may not see, ErrForbidden for what is not its
// own post.
func (c *Community) SetCommentsFrom(ctx context.Context, acc *store.Account, id int64, from store.CommentsFrom) (*store.Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	var bad Invalid
	bad.checkCommentsFrom(from)
	if err := bad.err(); err != nil {
		return nil, err
	}
	var after *store.Post
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		now, err := tx.LockSeenPost(ctx, acc, id) // who comments locks the post, too
		switch {
		case err != nil:
			return err
		case now.AuthorID != acc.ID, now.Kind != store.KindPost:
			return ErrForbidden
		}
		after = now
		if now.CommentsFrom == from {
			return nil
		}
		now.CommentsFrom = from
		if err := tx.SetCommentsFrom(ctx, id, from); err != nil {
			return err
		}
		return tx.AddEvent(ctx, EventPostUpdated, acc.ID, id, postEventOf(now))
	})
	return after, fromStore(err)
}

// threadOf is the post in whose thread the post or comment stands: itself, if it is a post.
func (c *Community) threadOf(ctx context.Context, p *store.Post) (*store.Post, error) {
	if p.RootID == nil {
		return p, nil
	}
	root, err := c.Store.RawPost(ctx, *p.RootID)
	return root, fromStore(err)
}

func (e *Invalid) checkCommentsFrom(from store.CommentsFrom) {
	switch from {
	case store.CommentsFromEveryone, store.CommentsFromFollowers, store.CommentsFromNobody:
	default:
		e.add("comments_from", "invalid", "Choose who may comment: everyone, your followers, or nobody.")
	}
}
