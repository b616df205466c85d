package community

import (
	"context"
	"slices"
	"time"

	"tintype/internal/store"
)

// PostChange is an edit. A nil field stays as it is. A comment keeps the visibility of its post.
type PostChange struct {
	Caption      *string
	Warning      *string
	Sensitive    *bool
	Visibility   *store.Visibility
	Licence      *string
	ShowExif     *bool
	CommentsFrom *store.CommentsFrom
	Language     *string
	Photos       []PostPhoto // nil: as they are; else all that the post has from now on, in order
	// Had are the photos that the post had when Photos were chosen, nil where nobody knows. What was added to it since stays, at the end.
	Had []int64
}

// PostPhoto is a photo of an edited post: one of its own, or an unattached one of the author.
type PostPhoto struct {
	ID             int64
	Description    *string
	FocusX, FocusY *float64
}

// EditPost changes one's own post or comment. Photos that the change leaves out are deleted. Accounts that are
// mentioned for the first time are notified. It returns ErrNotFound for what the account may not see, ErrForbidden for
// what is not its own.
func (c *Community) EditPost(ctx context.Context, acc *store.Account, id int64, change PostChange) (*Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	was, err := c.Store.PostByID(ctx, acc, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if was.AuthorID != acc.ID {
		return nil, ErrForbidden
	}
	have, err := c.Store.PhotoIDsOfPost(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	change.Photos = append(slices.Clip(change.Photos), change.addedSince(have)...)
	after := *was
	change.apply(&after)
	if err := c.checkChange(change, &after); err != nil {
		return nil, err
	}
	var root *store.Post
	if was.RootID != nil {
		if root, err = c.Store.RawPost(ctx, *was.RootID); err != nil {
			return nil, fromStore(err)
		}
	}
	words, err := c.readCaption(ctx, acc, &after, root)
	if err != nil {
		return nil, err
	}
	want := have
	if change.Photos != nil {
		want = change.photoIDs()
		if err := c.readyPhotos(ctx, acc, want, have); err != nil {
			return nil, err
		}
	}
	if err := c.editMayStand(ctx, acc, was, &after, have, change); err != nil {
		return nil, err
	}
	err = c.withSetsFor(ctx, after.Visibility, want, func(sets []replacedSet) error {
		return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			now, err := tx.LockPost(ctx, id)
			if err != nil {
				return err
			}
			if now.DeletedAt != nil {
				return store.ErrNotFound
			}
			if now.Visibility != was.Visibility { // the photos' files and the mentions were chosen for another audience
				return invalid("visibility", "changed", "Who may see this was changed a moment ago. Send it again.")
			}
			if kept, err := tx.HasVersions(ctx, id); err != nil {
				return err
			} else if !kept {
				from := now.CreatedAt
				if now.EditedAt != nil { // edited before versions were kept
					from = *now.EditedAt
				}
				if err := addVersion(ctx, tx, now, from); err != nil {
					return err
				}
			}
			change.apply(now)
			at := store.ToMillis(time.Now())
			now.EditedAt = &at
			return c.editTx(ctx, tx, now, was, change, words, sets)
		})
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return c.PostByID(ctx, acc, id)
}

func (c *Community) editTx(ctx context.Context, tx *store.Store, p, was *store.Post, change PostChange, words captionWords, sets []replacedSet) error {
	var have, want []int64
	if change.Photos != nil {
		var err error
		if have, err = tx.PhotoIDsOfPost(ctx, p.ID); err != nil {
			return err
		}
		if len(change.addedSince(have)) > 0 { // their files are not chosen for the audience
			return invalid("photos", "changed", "A photograph was added to this post a moment ago. Send it again.")
		}
		want = change.photoIDs()
		if err := c.placePhotos(ctx, tx, p, have, change.Photos); err != nil {
			return err
		}
	}
	if err := c.switchSets(ctx, tx, sets); err != nil {
		return err
	}
	if err := tx.UpdatePost(ctx, p); err != nil {
		return err
	}
	// What was written for followers alone is not for those who may see the post from now on.
	if p.RootID == nil && was.Visibility == store.Followers && p.Visibility != store.Followers {
		if err := tx.DropThreadVersions(ctx, p.ID); err != nil {
			return err
		}
	}
	if err := addVersion(ctx, tx, p, *p.EditedAt); err != nil {
		return err
	}
	if p.RootID == nil && p.Visibility != was.Visibility {
		if err := tx.SetThreadVisibility(ctx, p.ID, p.Visibility); err != nil {
			return err
		}
	}
	if err := rewriteWords(ctx, tx, p, words); err != nil {
		return err
	}
	if _, err := tx.IndexPosts(ctx, p.ID); err != nil {
		return err
	}
	if err := tellEdit(ctx, tx, p, was, have, want); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventPostUpdated, p.AuthorID, p.ID, postEventOf(was)); err != nil {
		return err
	}
	before, after := was.Visibility != store.Followers, p.Visibility != store.Followers
	switch {
	case p.Kind != store.KindPost || before == after:
		return nil
	case after:
		return countOpened(ctx, tx, p, 1)
	default:
		return countOpened(ctx, tx, p, -1)
	}
}

// countOpened adds a post and its comments to the counters of what is open to everybody (by 1), or takes them out (by -1).
func countOpened(ctx context.Context, tx *store.Store, p *store.Post, by int) error {
	commenters, err := tx.CommentersOf(ctx, p.ID)
	if err != nil {
		return err
	}
	deltas := make(map[int64]store.CommentDelta, len(commenters))
	for id, n := range commenters {
		deltas[id] = store.CommentDelta{Open: n * by}
	}
	if err := tx.AddToPostsOf(ctx, p.AuthorID, 0, by); err != nil { // rewriteWords has locked the author
		return err
	}
	return tx.CountComments(ctx, deltas)
}

// addedSince are those of the post's photos that it did not have when the change was made.
func (ch PostChange) addedSince(have []int64) (added []PostPhoto) {
	if ch.Photos == nil || ch.Had == nil {
		return nil
	}
	chosen := ch.photoIDs()
	for _, id := range have {
		if !slices.Contains(ch.Had, id) && !slices.Contains(chosen, id) {
			added = append(added, PostPhoto{ID: id})
		}
	}
	return added
}

func (ch PostChange) photoIDs() []int64 {
	ids := make([]int64, len(ch.Photos))
	for i, p := range ch.Photos {
		ids[i] = p.ID
	}
	return ids
}

func (ch PostChange) apply(p *store.Post) {
	set(&p.Sensitive, ch.Sensitive)
	set(&p.Licence, ch.Licence)
	set(&p.ShowExif, ch.ShowExif)
	if ch.Caption != nil {
		p.Caption = tidy(*ch.Caption)
	}
	if ch.Warning != nil {
		p.Warning = oneLine(*ch.Warning)
	}
	if ch.Language != nil {
		p.Language = language(*ch.Language, p.Language)
	}
	if p.Kind == store.KindPost {
		set(&p.Visibility, ch.Visibility)
		set(&p.CommentsFrom, ch.CommentsFrom)
	}
	if ch.Photos != nil {
		p.PhotosCount = len(ch.Photos)
	}
}

func (c *Community) checkChange(ch PostChange, p *store.Post) error {
	bad := &Invalid{}
	c.checkPost(bad, p)
	switch {
	case p.Kind == store.KindPost && p.PhotosCount == 0:
		bad.add("photos", "blank", "A post needs a photo.")
	case p.Kind == store.KindComment && p.Caption == "" && p.PhotosCount == 0:
		bad.add("caption", "blank", "Write something first.")
	case p.PhotosCount > MaxPhotos:
		bad.add("photos", "too_many", "A post may have at most %d photos.", MaxPhotos)
	}
	seen := idSet{}
	for _, ph := range ch.Photos {
		if !seen.add(ph.ID) {
			bad.add("photos", "invalid", "The same photo is there twice.")
		}
		if ph.Description != nil {
			checkDescription(bad, *ph.Description)
		}
		for _, f := range []*float64{ph.FocusX, ph.FocusY} {
			if f != nil {
				checkFocus(bad, *f)
			}
		}
	}
	return bad.err()
}

// rewriteWords replaces the row's tags and mentions by those of its caption, and notifies accounts that are mentioned
// for the first time.
func rewriteWords(ctx context.Context, tx *store.Store, p *store.Post, words captionWords) error {
	before, err := tx.MentionsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(words.mentions), func(id int64) bool { return slices.Contains(before, id) })
	if _, err := tx.LockAccounts(ctx, append([]int64{p.AuthorID}, fresh...)...); err != nil {
		return err
	}
	if err := tx.SetPostTags(ctx, p.ID, words.tags); err != nil {
		return err
	}
	if err := tx.SetMentions(ctx, p.ID, words.mentions); err != nil {
		return err
	}
	return tellOf(ctx, tx, p, fresh)
}
