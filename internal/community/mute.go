package community

import (
	"context"
	"time"
	"unicode/utf8"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// MuteOptions say how an account is muted.
type MuteOptions struct {
	KeepNotifications bool          // only feeds and threads are without it
	For               time.Duration // 0: until it is ended
}

// longestMute bounds MuteOptions.For.
const longestMute = 10 * 365 * 24 * time.Hour

// Mute takes the target out of the account's feeds and threads, and out of its notifications. The target does not learn of
// it; follows stay. Doing so again changes the options. It returns ErrNotFound for a target that is not active or that a
// block hides, and *Invalid for oneself.
func (c *Community) Mute(ctx context.Context, acc *store.Account, targetID int64, o MuteOptions) (Relationship, error) {
	if o.For < 0 || o.For > longestMute {
		return Relationship{}, invalid("duration", "invalid", "An account cannot be muted for that time.")
	}
	return c.changeWithID(ctx, acc, targetID, "mutes", func(ctx context.Context, tx *store.Store, id int64, me, target *store.Account, now *Relationship) error {
		if err := visibleTo(target, now); err != nil {
			return err
		}
		at := store.ToMillis(store.IDTime(id))
		m := store.Mute{ID: id, AccountID: me.ID, TargetID: target.ID, Notifications: !o.KeepNotifications, CreatedAt: at}
		if o.For > 0 {
			ends := at + store.Millis(o.For/time.Millisecond)
			m.EndsAt = &ends
		}
		now.Muting, now.MutingNotifications = true, m.Notifications
		return tx.PutMute(ctx, m)
	})
}

// Unmute ends a mute. One that does not exist is no error; a target that does not exist is ErrNotFound.
func (c *Community) Unmute(ctx context.Context, acc *store.Account, targetID int64) (Relationship, error) {
	return c.change(ctx, acc, targetID, func(ctx context.Context, tx *store.Store, me, target *store.Account, now *Relationship) error {
		if !now.Muting {
			return visibleTo(target, now)
		}
		now.Muting, now.MutingNotifications = false, false
		return tx.DeleteMute(ctx, me.ID, target.ID)
	})
}

// Mutes lists the accounts that acc mutes, and when these mutes end; those without an end are not in ends.
func (c *Community) Mutes(ctx context.Context, acc *store.Account, p Cursor) (page *AccountPage, ends map[int64]store.Millis, err error) {
	if acc == nil {
		return nil, nil, ErrUnauthenticated
	}
	page, err = c.accountPage(ctx, acc, p, func(r store.Range) ([]store.RowAccount, error) { return c.Store.MutedBy(ctx, acc.ID, r) })
	if err != nil {
		return nil, nil, err
	}
	ids := make([]int64, len(page.Accounts))
	for i, a := range page.Accounts {
		ids[i] = a.ID
	}
	ends, err = c.Store.MuteEnds(ctx, acc.ID, ids)
	return page, ends, fromStore(err)
}

// MuteEnd is when the account's mute of the target ends, nil where that has no end or there is no mute.
func (c *Community) MuteEnd(ctx context.Context, acc *store.Account, targetID int64) (*store.Millis, error) {
	ends, err := c.Store.MuteEnds(ctx, acc.ID, []int64{targetID})
	if at, ok := ends[targetID]; ok {
		return &at, nil
	}
	return nil, fromStore(err)
}

// MaxPrivateNote is how many characters a private note has at most.
const MaxPrivateNote = 2000

// SetNote writes what the account notes of another for itself; "" removes the note.
func (c *Community) SetNote(ctx context.Context, acc *store.Account, targetID int64, note string) (Relationship, error) {
	note = tidy(note)
	if n := utf8.RuneCountInString(note); n > MaxPrivateNote {
		bad := &Invalid{}
		checkLength(bad, "comment", lang.Key("A note"), note, MaxPrivateNote)
		return Relationship{}, bad
	}
	return c.changeWithID(ctx, acc, targetID, "account_notes", func(ctx context.Context, tx *store.Store, id int64, me, target *store.Account, now *Relationship) error {
		if !target.Active() || now.BlockedBy && !now.Blocking {
			return ErrNotFound
		}
		now.Note = note
		return tx.SetNote(ctx, id, me.ID, target.ID, note, store.ToMillis(store.IDTime(id)))
	})
}

// changeWithID is change with an id for a new row of the table.
func (c *Community) changeWithID(ctx context.Context, acc *store.Account, otherID int64, table string,
	f func(ctx context.Context, tx *store.Store, id int64, me, other *store.Account, now *Relationship) error,
) (Relationship, error) {
	if acc == nil {
		return Relationship{}, ErrUnauthenticated
	}
	if acc.ID == otherID {
		return Relationship{}, invalid("", "self", "That is your own account.")
	}
	var rel Relationship
	_, err := c.Store.TxOnce(ctx, table, func(ctx context.Context, tx *store.Store, id int64) error {
		me, other, now, err := pair(ctx, tx, acc.ID, otherID)
		if err != nil {
			return err
		}
		if err := f(ctx, tx, id, me, other, &now); err != nil {
			return err
		}
		rel = now
		return nil
	})
	if err != nil {
		return Relationship{}, fromStore(err)
	}
	return rel, nil
}

// MuteConversation has the account hear no more of the thread of a post or comment: nobody's likes, boosts, comments and
// mentions in it. Doing so again changes nothing.
func (c *Community) MuteConversation(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.muteAndLoad(ctx, acc, id, true)
}

// UnmuteConversation is the opposite of MuteConversation.
func (c *Community) UnmuteConversation(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.muteAndLoad(ctx, acc, id, false)
}

func (c *Community) muteAndLoad(ctx context.Context, acc *store.Account, id int64, mute bool) (*Post, error) {
	p, err := c.SetConversationMute(ctx, acc, id, mute)
	if err != nil {
		return nil, err
	}
	return c.LoadPost(ctx, acc, p)
}

// MutedConversations is LikedPosts for the posts whose threads the account has muted.
func (c *Community) MutedConversations(ctx context.Context, acc *store.Account, page Cursor) (posts []*Post, next, prev int64, err error) {
	return c.markedPosts(ctx, acc, page, c.Store.MutedConversations)
}

// SetConversationMute is MuteConversation or UnmuteConversation for a caller that shows only the post's own row.
func (c *Community) SetConversationMute(ctx context.Context, acc *store.Account, id int64, mute bool) (*store.Post, error) {
	return c.setMark(ctx, acc, id, "conversation_mutes", mute, func(p *store.Post) *bool { return &p.Muted },
		func(ctx context.Context, tx *store.Store, rowID int64, p *store.Post) error {
			root := p.ID
			if p.RootID != nil {
				root = *p.RootID
			}
			if !mute {
				return tx.RemoveConversationMute(ctx, acc.ID, root)
			}
			return tx.AddConversationMute(ctx, rowID, acc.ID, root, store.ToMillis(store.IDTime(rowID)))
		})
}
