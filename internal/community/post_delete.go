package community

import (
	"context"
	"errors"
	"math"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// JobPostDelete removes what is left of a deleted post.
const JobPostDelete = "post.delete"

type postDeletePayload struct {
	PostID int64 `json:"post_id"`
}

// eraseBatch is how many rows one transaction of a removal touches.
const eraseBatch = 200

// RemovePost deletes a post or comment and returns it as it was. Authors may delete their own and comments under their own
// posts. It disappears from every page at once; a job removes the rows and photos. Answers to a deleted comment become answers
// to its parent. It returns ErrNotFound for what the account may not see, ErrForbidden for what it may not delete.
//
// Those who may moderate also remove posts of members whom they stand above. That is an act of moderation: it is logged, the
// author is told of the decision with the words of s and may answer it, and open reports about the post are closed by it. With
// s.Alike photographs like its own are kept out from then on.
func (c *Community) RemovePost(ctx context.Context, by By, id int64, s Sanction) (*Post, error) {
	return c.takeDown(ctx, by, id, s, false)
}

// RemovePostToRedraft is RemovePost. The photographs of an own post stay for two days, for its author to post them anew.
func (c *Community) RemovePostToRedraft(ctx context.Context, by By, id int64, s Sanction) (*Post, error) {
	return c.takeDown(ctx, by, id, s, true)
}

func (c *Community) takeDown(ctx context.Context, by By, id int64, s Sanction, redraft bool) (*Post, error) {
	acc := by.Account
	if err := by.may(RemovePost); acc == nil && err != nil || acc != nil && !acc.Active() {
		return nil, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	row, err := c.Store.RawPostFor(ctx, acc, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if done, err := c.done(ctx, by, RemovePost); err != nil {
		return nil, err
	} else if done {
		author, err := c.Store.AccountByID(ctx, row.AuthorID)
		return &Post{Post: *row, Author: author}, fromStore(err)
	}
	removal := acc == nil
	if acc == nil && row.DeletedAt != nil {
		return nil, ErrNotFound
	} else if acc != nil {
		if removal, err = c.mayDelete(ctx, by, row); err != nil {
			return nil, err
		}
	}
	was, err := c.loadPost(ctx, acc, row)
	if errors.Is(err, ErrNotFound) { // a moderator removes what is hidden from members too
		was = &Post{Post: *row, Photos: []*store.Photo{}}
		was.Author, err = c.Store.AccountByID(ctx, row.AuthorID)
	}
	if err != nil {
		return nil, fromStore(err)
	}
	if removal {
		return was, c.removePost(ctx, by, row, was.Author, s)
	}
	hide := func(ctx context.Context, tx *store.Store) error { return hidePost(ctx, tx, row) }
	detached := redraft && row.AuthorID == acc.ID && len(was.Photos) > 0
	if detached { // what waits to be posted is bounded, and half of that is left for uploads
		waiting, err := c.Store.CountUnattachedPhotos(ctx, acc.ID)
		if err != nil {
			return nil, fromStore(err)
		}
		detached = waiting+len(was.Photos) <= MaxUnattached/2
	}
	if detached {
		// Where the files cannot be copied soon the post goes all the same, and they with it.
		soon, cancel := context.WithTimeout(ctx, detachWait)
		err = c.detach(soon, row, hide)
		cancel()
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return was, fromStore(err)
		}
	}
	err = c.Store.Tx(ctx, hide)
	if detached && errors.Is(err, store.ErrNotFound) { // by a COMMIT whose answer came too late
		err = nil
	}
	if err != nil {
		return nil, fromStore(err)
	}
	return was, nil
}

// detachWait is how long the deletion of a post waits until its files have other names.
const detachWait = 2 * time.Second

// detach is the deletion of a post whose photos stay for two days, for its author to post them anew. Their addresses end: they get
// names that nobody knows. Of a reported post they are evidence instead.
func (c *Community) detach(ctx context.Context, p *store.Post, hide func(context.Context, *store.Store) error) error {
	ids, err := c.Store.PhotoIDsOfPost(ctx, p.ID)
	if err != nil {
		return err
	}
	return c.withSecretSets(ctx, ids, store.ToMillis(time.Now()), func(sets []replacedSet) error {
		return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if err := hide(ctx, tx); err != nil {
				return err
			}
			if err := c.switchSets(ctx, tx, sets); err != nil {
				return err
			}
			kept, err := tx.KeepsPost(ctx, p.ID, store.ToMillis(time.Now().Add(-KeepReported)))
			if err != nil || kept {
				return err
			}
			return tx.DetachPhotos(ctx, p.ID, ids)
		})
	})
}

// removePost is the deletion of somebody else's post or comment as an act of moderation.
func (c *Community) removePost(ctx context.Context, by By, p *store.Post, author *store.Account, s Sanction) (err error) {
	if err := s.clean(); err != nil {
		return err
	}
	s.post, s.excerpt = &p.ID, excerpt(p.Warning, p.Caption)
	if s.Alike {
		if s.looks, err = c.looksOfPost(ctx, p.ID); err != nil {
			return err
		}
	}
	_, err = c.onMember(ctx, by, RemovePost, author.Username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		e.RefID, e.Detail = &p.ID, p.Kind+keptOut(s.looks)
		if err := hidePost(ctx, tx, p); err != nil {
			return false, err
		}
		if err := c.blockLooks(ctx, tx, by, s.looks, p.ID); err != nil {
			return false, err
		}
		decision, err := c.decide(ctx, tx, by, now.ID, store.DecideRemove, s)
		if err != nil {
			return false, err
		}
		open, err := tx.OpenReportsOnPost(ctx, p.ID, maxReportsClosed)
		if err != nil {
			return false, err
		}
		return true, c.closeReports(ctx, tx, by, open, store.DecideRemove, &decision)
	})
	return err
}

// isOwn reports whether the post or comment is the account's own to delete: it wrote it, or the post under which it stands.
func (c *Community) isOwn(ctx context.Context, acc *store.Account, p *store.Post) (bool, error) {
	if p.AuthorID == acc.ID || p.RootID == nil {
		return p.AuthorID == acc.ID, nil
	}
	root, err := c.Store.RawPost(ctx, *p.RootID)
	if err != nil {
		return false, ignoreNotFound(fromStore(err))
	}
	return root.AuthorID == acc.ID && root.DeletedAt == nil, nil
}

// MayDelete returns nil if the account may delete the post or comment, else the error of RemovePost. removal is set where that
// is an act of moderation, and not of the account's own.
func (c *Community) MayDelete(ctx context.Context, acc *store.Account, p *store.Post) (removal bool, err error) {
	return c.mayDelete(ctx, By{Account: acc}, p)
}

func (c *Community) mayDelete(ctx context.Context, by By, p *store.Post) (removal bool, err error) {
	acc := by.Account
	if p.DeletedAt != nil {
		return false, ErrNotFound
	}
	if own, err := c.isOwn(ctx, acc, p); err != nil || own {
		return false, err
	}
	if !by.OwnOnly && May(acc, RemovePost) {
		author, err := c.Store.AccountByID(ctx, p.AuthorID)
		if err != nil {
			return false, fromStore(err)
		}
		if mayActOn(acc, author) {
			return true, nil
		}
	}
	seen, err := c.Store.CanSee(ctx, acc, p.ID)
	switch {
	case err != nil:
		return false, fromStore(err)
	case seen:
		return false, ErrForbidden
	}
	return false, ErrNotFound
}

// hidePost removes a post or comment from every page and counter and adds the job that removes the rest. It returns
// ErrNotFound if it is deleted already.
func hidePost(ctx context.Context, tx *store.Store, p *store.Post) error {
	if err := hidePostRow(ctx, tx, p); err != nil {
		return err
	}
	return tx.AddJob(ctx, JobPostDelete, postDeletePayload{p.ID}, 0)
}

// hidePostRow is hidePost without the job.
func hidePostRow(ctx context.Context, tx *store.Store, p *store.Post) error {
	if p.RootID != nil { // whoever changes a thread locks its post
		if _, err := tx.LockPost(ctx, *p.RootID); err != nil {
			return err
		}
	}
	now, err := tx.LockPost(ctx, p.ID)
	if err != nil {
		return err
	}
	if now.DeletedAt != nil {
		return store.ErrNotFound
	}
	at := store.ToMillis(time.Now())
	if err := tx.HidePost(ctx, now.ID, at); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventPostDeleted, now.AuthorID, now.ID, postEventOf(now)); err != nil {
		return err
	}
	if now.RootID == nil {
		return countPost(ctx, tx, now, -1)
	}
	moved, err := tx.ReparentComments(ctx, now.ID, *now.InReplyToID, *now.InReplyToAuthorID)
	if err != nil {
		return err
	}
	if moved > 0 && *now.InReplyToID != *now.RootID { // a post counts its whole thread, in which they were before
		if err := tx.AddToPost(ctx, *now.InReplyToID, 0, moved); err != nil {
			return err
		}
	}
	return countPost(ctx, tx, now, -1)
}

// runPostDelete can be repeated at any point: the next run does not find what was removed.
func (c *Community) runPostDelete(ctx context.Context, job *queue.Job) error {
	var payload postDeletePayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	ctx = store.Primary(ctx)
	row, err := c.Store.RawPost(ctx, payload.PostID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if row.DeletedAt == nil {
		return queue.Permanent(errors.New("the post is not deleted"))
	}
	kept, err := c.keepReported(ctx, row)
	if err != nil {
		return err
	}
	if kept {
		return c.finishJob(ctx, job, func(context.Context, *store.Store) error { return nil })
	}
	return c.erasePost(ctx, row.ID, func(ctx context.Context, drop func(context.Context, *store.Store) error) error {
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			if err := drop(ctx, tx); err != nil {
				return err
			}
			return dropRootLater(ctx, tx, row)
		})
	})
}

// dropRootLater has a deleted post removed for which a comment that was kept was the reason to stay.
func dropRootLater(ctx context.Context, tx *store.Store, comment *store.Post) error {
	if comment.RootID == nil {
		return nil
	}
	root, err := tx.RawPost(ctx, *comment.RootID)
	if err != nil || root.DeletedAt == nil {
		return ignoreNotFound(err)
	}
	return tx.AddJob(ctx, JobPostDelete, postDeletePayload{root.ID}, 0)
}

// keepReported keeps the photos of a post about which there are reports, or which a moderator removed, for moderators alone, and reports
// whether there are any. The post is deleted, or a comment under a deleted post, with which it is then. They get names that nobody knows,
// and what else there is of the post goes, but for its row. It can be repeated at any point; forgetReported has the rest removed.
func (c *Community) keepReported(ctx context.Context, p *store.Post) (bool, error) {
	kept, err := c.Store.KeepsPost(ctx, p.ID, store.ToMillis(time.Now().Add(-KeepReported)))
	if err != nil || !kept {
		return false, err
	}
	author, err := c.Store.AccountByID(ctx, p.AuthorID)
	if err != nil || author.DeletedAt != nil { // who leaves takes everything along
		return false, err
	}
	photos, err := c.Store.AllPhotoIDsOfPost(ctx, p.ID)
	if err != nil || len(photos) == 0 {
		return false, err
	}
	if p.DeletedAt == nil {
		err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return hidePostRow(ctx, tx, p) })
		if err != nil && !errors.Is(err, store.ErrNotFound) { // an earlier COMMIT, whose answer was lost
			return false, err
		}
		if p, err = c.Store.RawPost(ctx, p.ID); err != nil {
			return false, err
		}
	}
	if _, err := c.eraseThread(ctx, p.ID); err != nil {
		return false, err
	}
	err = c.withSecretSets(ctx, photos, *p.DeletedAt, func(sets []replacedSet) error {
		return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if _, err := tx.LockPost(ctx, p.ID); err != nil {
				return err
			}
			if err := tx.BlankPost(ctx, p.ID); err != nil {
				return err
			}
			return c.switchSets(ctx, tx, sets)
		})
	})
	if err != nil {
		return false, err
	}
	return true, c.eraseDependents(ctx, p.ID)
}

// erasePost removes a hidden post's rows in batches: the comments of its thread, dependent rows, its photos. last runs
// the transaction that deletes the row itself, or what it says where kept comments need it.
func (c *Community) erasePost(ctx context.Context, id int64, last func(ctx context.Context, drop func(context.Context, *store.Store) error) error) error {
	kept, err := c.eraseThread(ctx, id)
	if err != nil {
		return err
	}
	if err := c.eraseRows(ctx, id); err != nil {
		return err
	}
	return last(ctx, func(ctx context.Context, tx *store.Store) error {
		if kept {
			return tx.BlankPost(ctx, id)
		}
		return tx.DropPost(ctx, id)
	})
}

// eraseThread removes the comments below a hidden post, newest first, and reports whether it kept some of which photos were reported.
func (c *Community) eraseThread(ctx context.Context, id int64) (kept bool, err error) {
	for before := int64(math.MaxInt64); ; {
		comments, err := c.Store.CommentIDs(ctx, id, before, eraseBatch)
		if err != nil || len(comments) == 0 {
			return kept, err
		}
		for _, comment := range comments {
			keeps, err := c.eraseComment(ctx, comment, kept)
			if err != nil {
				return kept, err
			}
			kept = kept || keeps
			before = comment
		}
	}
}

// eraseComment removes a comment whose post is deleted, or keeps what was reported of it. below says that a newer comment was kept.
func (c *Community) eraseComment(ctx context.Context, id int64, below bool) (kept bool, err error) {
	row, err := c.Store.RawPost(ctx, id)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	if kept, err = c.keepReported(ctx, row); err != nil || kept {
		return kept, err
	}
	if err := c.eraseRows(ctx, id); err != nil {
		return false, err
	}
	return false, c.dropComment(ctx, id, below)
}

// dropComment deletes the row of a comment whose post is deleted. Its author's counters still count it, unless it was
// deleted before its post. With below, kept answers to it become answers to its parent.
func (c *Community) dropComment(ctx context.Context, id int64, below bool) error {
	return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		row, err := tx.LockPost(ctx, id)
		if errors.Is(err, store.ErrNotFound) { // an earlier COMMIT, whose answer was lost
			return nil
		}
		if err != nil {
			return err
		}
		if below {
			if _, err := tx.ReparentComments(ctx, id, *row.InReplyToID, *row.InReplyToAuthorID); err != nil {
				return err
			}
		}
		if err := tx.DropPost(ctx, id); err != nil || row.DeletedAt != nil {
			return err
		}
		return countComment(ctx, tx, row, -1)
	})
}

// eraseRows removes the rows that depend on one post or comment.
func (c *Community) eraseRows(ctx context.Context, id int64) error {
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		photos, err := tx.AllPhotoIDsOfPost(ctx, id)
		if err != nil || len(photos) == 0 {
			return err
		}
		if _, err := tx.LockPost(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return c.markPhotosGone(ctx, tx, photos)
	})
	if err != nil {
		return err
	}
	return c.eraseDependents(ctx, id)
}

// eraseDependents is eraseRows without the photos.
func (c *Community) eraseDependents(ctx context.Context, id int64) error {
	for n := eraseBatch; n == eraseBatch; {
		err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) (err error) {
			n, err = tx.ErasePostRows(ctx, id, eraseBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
