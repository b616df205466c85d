package community

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"tintype/internal/store"
)

// maxHeldPage is how many held posts one page has at most: each is loaded by itself.
const maxHeldPage = 20

// HeldPosts lists the posts that wait, newest first, for those who decide about them.
func (c *Community) HeldPosts(ctx context.Context, by By, p Cursor) ([]*Held, error) {
	if err := by.may(ReadHeld); err != nil {
		return nil, err
	}
	rows, err := c.Store.HeldPosts(ctx, p.span(maxHeldPage, maxHeldPage))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadHelds(store.Primary(ctx), rows)
}

// HeldCount is how many posts wait, up to MaxUnread.
func (c *Community) HeldCount(ctx context.Context, by By) (int, error) {
	if err := by.may(ReadHeld); err != nil {
		return 0, err
	}
	n, err := c.Store.CountHeldPosts(ctx, 0, MaxUnread)
	return n, fromStore(err)
}

// waitingHeld is a held post that the actor may decide about, with its author. It is asked again under the lock.
func (c *Community) waitingHeld(ctx context.Context, by By, act Act, id int64) (*store.HeldPost, *store.Account, error) {
	if err := by.may(act); err != nil {
		return nil, nil, err
	}
	h, err := c.Store.HeldPostByID(ctx, id)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	if by.Account != nil && by.Account.ID == h.AccountID {
		return nil, nil, ErrForbidden
	}
	author, err := c.Store.AccountByID(ctx, h.AccountID)
	return h, author, fromStore(err)
}

// lockWaiting locks a held post that waits. Of two moderators the first decides: the other gets *Invalid that says who it was.
func (c *Community) lockWaiting(ctx context.Context, tx *store.Store, id int64) (*store.HeldPost, error) {
	h, err := tx.LockHeldPost(ctx, id)
	if err != nil {
		return nil, err
	}
	if h.State != store.HeldWaits {
		return nil, c.decidedBy(ctx, tx, h.DecidedByID)
	}
	return h, nil
}

// ApproveHeld publishes a held post as if its author had posted it now. It returns ErrNotFound for one that its author took back,
// and *Invalid for one that was decided before, or that cannot be published any more. The post is nil where the same form had
// approved it.
func (c *Community) ApproveHeld(ctx context.Context, by By, id int64) (*Post, error) {
	ctx = store.Primary(ctx)
	h, author, err := c.waitingHeld(ctx, by, ApproveHeld, id)
	if err != nil {
		return nil, err
	}
	if done, err := c.done(ctx, by, ApproveHeld); done || err != nil {
		return nil, err
	}
	if h.State != store.HeldWaits {
		return nil, c.decidedBy(ctx, c.Store, h.DecidedByID)
	}
	if !author.Active() {
		return nil, invalid("", "inactive", "The member is suspended, or has left.")
	}
	var in NewPost
	if err := json.Unmarshal([]byte(h.Payload), &in); err != nil {
		return nil, fmt.Errorf("held post %d: %w", h.ID, err)
	}
	row, err := c.newPostRow(author, in)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, f func(context.Context, *store.Store, int64) error) error {
		return c.administrationOnce(ctx, by, ApproveHeld, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
			now, err := c.lockWaiting(ctx, tx, id)
			if err != nil {
				return false, err
			}
			e.RefID, e.TargetID, e.Target = &id, &author.ID, author.Username
			if err := tx.ReleasePhotos(ctx, in.PhotoIDs); err != nil {
				return false, err
			}
			postID, err := tx.NewPostID(ctx)
			if err != nil {
				return false, err
			}
			now.PostID = &postID
			now.State, now.Payload = store.HeldApproved, ""
			if err := decideHeld(ctx, tx, by, now); err != nil {
				return false, err
			}
			if err := f(ctx, tx, *now.PostID); err != nil {
				return false, err
			}
			return true, tellApproved(ctx, tx, author.ID, *now.PostID)
		})
	}
	post, err := c.publishRow(ctx, author, row, in, in.PhotoIDs, nil, run)
	if in.AlbumID != 0 && isAbout(err, "album") { // it was closed meanwhile, or is gone
		in.AlbumID, in.AlbumPhotoIDs = 0, nil
		post, err = c.publishRow(ctx, author, row, in, in.PhotoIDs, nil, run)
	}
	if errors.Is(err, errDone) {
		return nil, nil
	}
	if errors.Is(err, ErrNotFound) && in.InReplyTo != 0 {
		if _, gone := c.Store.HeldPostByID(ctx, id); gone == nil {
			return nil, invalid("", "parent", "What this answers is gone, or its author no longer sees it.")
		}
	}
	return post, err
}

// tellApproved tells the author of a held post that it is published. The notification comes from the author's own account: members do
// not learn which moderator decided.
func tellApproved(ctx context.Context, tx *store.Store, authorID, postID int64) error {
	push, err := tx.HasPush(ctx, authorID)
	if err != nil {
		return err
	}
	return tell(ctx, tx, store.Notification{AccountID: authorID, Kind: store.NotifyApproved, FromID: authorID, PostID: &postID, CreatedAt: store.ToMillis(store.IDTime(postID))}, push)
}

// isAbout reports whether an error is a mistake in the field.
func isAbout(err error, field string) bool {
	var bad *Invalid
	return errors.As(err, &bad) && slices.ContainsFunc(bad.Fields, func(f FieldError) bool { return f.Field == field })
}

// isCode reports whether an error is that mistake in the field.
func isCode(err error, field, code string) bool {
	var bad *Invalid
	return errors.As(err, &bad) && slices.ContainsFunc(bad.Fields, func(f FieldError) bool { return f.Field == field && f.Code == code })
}

// decideHeld writes down what became of a post that waits, and is locked.
func decideHeld(ctx context.Context, tx *store.Store, by By, h *store.HeldPost) error {
	at, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	h.DecidedAt = &at
	if by.Account != nil {
		h.DecidedByID = &by.Account.ID
	}
	_, err = tx.DecideHeldPost(ctx, h)
	return err
}

// RejectHeld removes the photographs of a held post, and tells its author the words. The author keeps the text for a while.
func (c *Community) RejectHeld(ctx context.Context, by By, id int64, words string) error {
	ctx = store.Primary(ctx)
	s := Sanction{Words: words}
	if err := s.clean(); err != nil {
		return err
	}
	_, author, err := c.waitingHeld(ctx, by, RejectHeld, id)
	if err != nil {
		return err
	}
	_, err = c.onMember(ctx, by, RejectHeld, author.Username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		h, err := c.lockWaiting(ctx, tx, id)
		if err != nil {
			return false, err
		}
		var in NewPost
		if err := json.Unmarshal([]byte(h.Payload), &in); err != nil {
			return false, fmt.Errorf("held post %d: %w", h.ID, err)
		}
		if err := c.dropHeldPhotos(ctx, tx, h); err != nil {
			return false, err
		}
		h.State, h.Words = store.HeldRejected, s.Words
		if err := decideHeld(ctx, tx, by, h); err != nil {
			return false, err
		}
		e.RefID = &id
		s.excerpt = excerpt(in.Warning, in.Caption)
		_, err = c.decide(ctx, tx, by, now.ID, store.DecideReject, s)
		return true, err
	})
	return err
}
