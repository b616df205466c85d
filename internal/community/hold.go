package community

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tintype/internal/store"
)

const (
	// maxHeldOf is how many posts of one member may wait at once.
	maxHeldOf = 20
	// keepDecided is how long what became of a held post is kept.
	keepDecided = 30 * 24 * time.Hour
	// MaxHoldFirst is the most that a site may hold of what a new member posts.
	MaxHoldFirst = 1000
)

// Why a post is held: the first word of a reason. What follows it, after a colon, says more.
const (
	HeldFirst = "first" // it is among the first of a new member
	HeldWord  = "word"  // a blocked word is in it
	HeldPhoto = "photo" // a photograph in it looks like one that is kept out
)

// Held is a held post as its author and those who decide read it.
type Held struct {
	*store.HeldPost
	Post *Post
	Why  []HeldReason
}

// HeldReason is why a post is held.
type HeldReason struct {
	Kind string // HeldFirst …
	Text string // the word or the photograph, or ""
}

func heldReasons(text string) []HeldReason {
	var list []HeldReason
	for line := range strings.Lines(text) {
		kind, more, _ := strings.Cut(strings.TrimSpace(line), ": ")
		list = append(list, HeldReason{kind, more})
	}
	return list
}

// whyHold says why a post must wait for a moderator, nil where it need not. Who decides about held posts need not wait.
func (c *Community) whyHold(ctx context.Context, acc *store.Account, in NewPost) ([]string, error) {
	if May(acc, ReadHeld) {
		return nil, nil
	}
	var why []string
	if first, err := c.FirstOnesWait(ctx, acc); err != nil {
		return nil, err
	} else if first {
		why = append(why, HeldFirst)
	}
	out, err := c.blocks(ctx)
	if err != nil {
		return nil, err
	}
	texts := []string{in.Caption, in.Warning, acc.DisplayName}
	var photos []*store.Photo
	if len(in.PhotoIDs) > 0 {
		if photos, err = c.Store.PhotosByID(ctx, in.PhotoIDs); err != nil {
			return nil, fromStore(err)
		}
		for _, ph := range photos {
			if _, other := in.Descriptions[ph.ID]; !other {
				texts = append(texts, ph.Description)
			}
		}
	}
	for _, d := range in.Descriptions {
		texts = append(texts, d)
	}
	if w := out.words.find(texts...); w != "" {
		why = append(why, HeldWord+": "+w)
	}
	look, err := c.blockedLook(ctx, out, photos)
	if err != nil {
		return nil, err
	}
	if look != "" {
		why = append(why, HeldPhoto+": "+look)
	}
	return why, nil
}

// FirstOnesWait reports whether what a member posts next is among the first that wait for a moderator.
func (c *Community) FirstOnesWait(ctx context.Context, acc *store.Account) (bool, error) {
	first := c.Site(ctx).HoldFirst
	if first == 0 || May(acc, ReadHeld) {
		return false, nil
	}
	now, err := c.Store.AccountByID(ctx, acc.ID)
	if err != nil {
		return false, fromStore(err)
	}
	return now.PostsCount+now.CommentsCount < first, nil
}

// editMayStand is *Invalid for an edit that brings a blocked word or photograph into a post, and, while the member's first posts wait, any other
// words or photograph: it would be seen before a moderator has seen it. Words and photographs that a moderator has let pass with the post may stay.
// have are its photos; those of the change are ready.
func (c *Community) editMayStand(ctx context.Context, acc *store.Account, was, after *store.Post, have []int64, change PostChange) error {
	if May(acc, ReadHeld) {
		return nil
	}
	first, err := c.FirstOnesWait(ctx, acc)
	if err != nil {
		return err
	}
	out, err := c.blocks(ctx)
	if err != nil {
		return err
	}
	ids := change.photoIDs()
	var photos []*store.Photo
	if all := slices.Concat(have, ids); len(all) > 0 && (first || out.holds()) {
		if photos, err = c.Store.PhotosByID(ctx, all); err != nil {
			return fromStore(err)
		}
	}
	before, texts := []string{was.Caption, was.Warning}, []string{after.Caption, after.Warning}
	said := map[int64]string{}
	for _, ph := range photos {
		if said[ph.ID] = ph.Description; value(ph.PostID) == was.ID {
			before = append(before, ph.Description)
		}
	}
	for _, ph := range change.Photos {
		if ph.Description != nil {
			said[ph.ID] = tidy(*ph.Description)
		}
		texts = append(texts, said[ph.ID])
	}
	if first {
		field := ""
		if slices.ContainsFunc(texts, func(text string) bool { return text != "" && !slices.Contains(before, text) }) {
			field = "caption"
		} else if slices.ContainsFunc(ids, func(id int64) bool { return !slices.Contains(have, id) }) {
			field = "photos"
		}
		switch {
		case field != "" && after.Kind == store.KindComment:
			return invalid(field, "held", "Your first posts and comments wait for a moderator, and an edit cannot wait. Send this as a new comment.")
		case field != "":
			return invalid(field, "held", "Your first posts and comments wait for a moderator, and an edit cannot wait. Send this as a new post.")
		}
	}
	if w := out.words.brought(before, texts); w != "" && after.Kind == store.KindComment {
		return invalid("caption", "held", "A moderator has to see this first, because of the word “%s”. Write it as a new comment, which then waits for a moderator.", w)
	} else if w != "" {
		return invalid("caption", "held", "A moderator has to see this first, because of the word “%s”. Post it as a new post, which then waits for a moderator.", w)
	}
	if len(out.looks) == 0 || len(ids) == 0 {
		return nil
	}
	photos = slices.DeleteFunc(photos, func(ph *store.Photo) bool { return value(ph.PostID) == was.ID })
	look, err := c.blockedLook(ctx, out, photos)
	if err != nil {
		return err
	}
	if look != "" {
		return invalid("photos", "held", "A moderator has to see one of these photos first, because it looks like one that was removed. Post it as a new post, which then waits for a moderator.")
	}
	return nil
}

// hold keeps a post outside of everything that is read, until a moderator has seen it. The row p is the post as it would be.
func (c *Community) hold(ctx context.Context, acc *store.Account, p *store.Post, in NewPost, key *store.IdempotencyKey, why []string) (*Post, error) {
	clear, others := in.ClearDraft, in.AlbumPhotoIDs
	in.IdempotencyKey, in.ClearDraft = "", false
	in.AlbumPhotoIDs = nil // each post that is held adds its own when it is approved
	// The member's defaults may be others when it is approved.
	in.Warning, in.Sensitive, in.Visibility, in.Licence, in.ShowExif, in.CommentsFrom, in.Language = p.Warning, &p.Sensitive, p.Visibility, p.Licence, &p.ShowExif, p.CommentsFrom, p.Language
	payload, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("keep a held post: %w", err)
	}
	held := &store.HeldPost{AccountID: acc.ID, State: store.HeldWaits, Reasons: cutText(strings.Join(why, "\n"), 500), Payload: string(payload)}
	write := func(sets []replacedSet) error {
		_, err := c.Store.TxOnce(ctx, "held_posts", func(ctx context.Context, tx *store.Store, id int64) error {
			if err := takeKey(ctx, tx, key, id); err != nil { // first: whoever comes second under the key waits here
				return err
			}
			if in.AlbumID != 0 && len(others) > 0 { // those that are posted already need not wait for this one
				al, err := openAlbum(ctx, tx, acc, in.AlbumID)
				if err == nil {
					err = addPosted(ctx, tx, acc, al, others)
				}
				if err != nil {
					return err
				}
			}
			// The lock makes posts at the same moment count each other.
			if _, err := tx.LockAccounts(ctx, acc.ID); err != nil {
				return err
			}
			waiting, err := tx.CountHeldPosts(ctx, acc.ID, maxHeldOf)
			if err != nil {
				return err
			}
			if waiting >= maxHeldOf {
				return invalid("", "held_full", "%d of your posts are waiting for a moderator. Wait until somebody has seen them.", waiting)
			}
			if got, err := tx.HoldPhotos(ctx, acc.ID, in.PhotoIDs); err != nil {
				return err
			} else if got != len(in.PhotoIDs) {
				return invalid("photos", "taken", "A photo is already in another post, or gone.")
			}
			if err := c.switchSets(ctx, tx, sets); err != nil {
				return err
			}
			held.ID, held.CreatedAt = id, store.ToMillis(store.IDTime(id))
			if err := tx.AddHeldPost(ctx, held); err != nil {
				return err
			}
			if clear {
				if err := c.clearDraft(ctx, tx, acc); err != nil {
					return err
				}
			}
			if waiting > 0 { // they have heard of this member
				return nil
			}
			n := store.Notification{Kind: store.NotifyHeld, FromID: acc.ID, RefID: &id, CreatedAt: held.CreatedAt}
			return c.tellModerators(ctx, tx, ReadHeld, n, acc.ID)
		})
		return err
	}
	if len(in.PhotoIDs) == 0 {
		err = write(nil)
	} else {
		err = c.withSets(ctx, store.SetPrivate, in.PhotoIDs, write)
	}
	if err != nil {
		return nil, fromStore(err)
	}
	one, err := c.loadHeld(ctx, held)
	if err != nil {
		return nil, err
	}
	return one.Post, nil
}

// loadHeld makes of a held post what a post is to a page. ErrNotFound where its author is gone.
func (c *Community) loadHeld(ctx context.Context, h *store.HeldPost) (*Held, error) {
	var in NewPost
	if h.Payload != "" {
		if err := json.Unmarshal([]byte(h.Payload), &in); err != nil {
			return nil, fmt.Errorf("held post %d: %w", h.ID, err)
		}
	}
	author, err := c.Store.AccountByID(ctx, h.AccountID)
	if err == nil && author.DeletedAt != nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fromStore(err)
	}
	if err := c.loadProfilePhotos(ctx, author); err != nil {
		return nil, err
	}
	p := &Post{Held: true, Author: author, Tags: c.tagsOf(in.Caption), Post: store.Post{
		ID: h.ID, AuthorID: author.ID, Kind: store.KindPost, Caption: tidy(in.Caption), Warning: in.Warning, Visibility: in.Visibility, Licence: in.Licence,
		CommentsFrom: in.CommentsFrom, Language: in.Language, PhotosCount: len(in.PhotoIDs), AppID: in.AppID, CreatedAt: h.CreatedAt,
	}}
	p.Sensitive, p.ShowExif = in.Sensitive != nil && *in.Sensitive, in.ShowExif != nil && *in.ShowExif
	if in.InReplyTo != 0 {
		p.Kind = store.KindComment
		parent, err := c.Store.RawPost(ctx, in.InReplyTo)
		if err == nil {
			answer(&p.Post, parent)
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, fromStore(err)
		}
	}
	if len(in.PhotoIDs) > 0 && h.State == store.HeldWaits {
		photos, err := c.Store.PhotosByID(ctx, in.PhotoIDs)
		if err != nil {
			return nil, fromStore(err)
		}
		slices.SortFunc(photos, func(a, b *store.Photo) int {
			return slices.Index(in.PhotoIDs, a.ID) - slices.Index(in.PhotoIDs, b.ID)
		})
		for _, ph := range photos {
			if ph.State != store.PhotoReady {
				continue
			}
			if d, ok := in.Descriptions[ph.ID]; ok {
				ph.Description = tidy(d)
			}
			p.Photos = append(p.Photos, ph)
		}
	}
	return &Held{HeldPost: h, Post: p, Why: heldReasons(h.Reasons)}, nil
}

func (c *Community) loadHelds(ctx context.Context, rows []*store.HeldPost) ([]*Held, error) {
	list := make([]*Held, 0, len(rows))
	for _, h := range rows {
		one, err := c.loadHeld(ctx, h)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// PostOrHeld is PostByID that finds the member's own held post as well, until it is decided about, and the post that it became
// from then on.
func (c *Community) PostOrHeld(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	p, err := c.PostByID(ctx, acc, id)
	if acc == nil || !errors.Is(err, ErrNotFound) {
		return p, err
	}
	h, err := c.Store.HeldPostByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	switch {
	case h.AccountID != acc.ID:
	case h.State == store.HeldApproved && h.PostID != nil:
		return c.PostByID(store.Primary(ctx), acc, *h.PostID)
	case h.State == store.HeldWaits:
		one, err := c.loadHeld(store.Primary(ctx), h)
		if err != nil {
			return nil, err
		}
		return one.Post, nil
	}
	return nil, ErrNotFound
}

// OwnHeld are the member's own posts that wait or were rejected, newest first.
func (c *Community) OwnHeld(ctx context.Context, acc *store.Account) ([]*Held, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	rows, err := c.Store.HeldPostsOf(ctx, acc.ID, 5*maxHeldOf)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadHelds(store.Primary(ctx), rows)
}

// WithdrawHeld removes the member's own held post, or a rejected one from the list. ErrNotFound for others.
func (c *Community) WithdrawHeld(ctx context.Context, acc *store.Account, id int64) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		h, err := tx.LockHeldPost(ctx, id)
		if err != nil {
			return err
		}
		if h.AccountID != acc.ID || h.State == store.HeldApproved {
			return ErrNotFound
		}
		if h.State == store.HeldWaits {
			if err := c.dropHeldPhotos(ctx, tx, h); err != nil {
				return err
			}
		}
		return tx.DropHeldPost(ctx, id)
	}))
}

func (c *Community) dropHeldPhotos(ctx context.Context, tx *store.Store, h *store.HeldPost) error {
	var in NewPost
	if err := json.Unmarshal([]byte(h.Payload), &in); err != nil {
		return fmt.Errorf("held post %d: %w", h.ID, err)
	}
	if len(in.PhotoIDs) == 0 {
		return nil
	}
	return c.markPhotosGone(ctx, tx, in.PhotoIDs)
}

func (c *Community) sweepHeld(ctx context.Context, before store.Millis) error {
	return inBatches(ctx, func(limit int) (n int, err error) {
		err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			n, err = tx.DropDecidedHeldPosts(ctx, before, limit)
			return err
		})
		return n, err
	})
}
