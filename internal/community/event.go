package community

import (
	"context"
	"slices"

	"tintype/internal/live"
	"tintype/internal/store"
)

// Kinds of events. The reference of an event is what it is about. Its account is the one that acted, or the one that it
// concerns.
const (
	EventPostCreated    = "post.created"
	EventPostImported   = "post.imported" // at a time long ago: nobody is told
	EventPostUpdated    = "post.updated"  // with a postEvent: as it was before
	EventPostDeleted    = "post.deleted"  // with a postEvent
	EventPostLiked      = "post.liked"
	EventPostUnliked    = "post.unliked"
	EventPostBoosted    = "post.boosted" // with a boostEvent
	EventPostUnboosted  = "post.unboosted"
	EventNotification   = "notification"
	EventPhotoMoved     = "photo.moved" // of a post or a profile: its files have other names
	EventAccountCreated = "account.created"
	EventAccountUpdated = "account.updated" // what others see of it
	EventAccountFollows = "account.follows" // whom it follows, or who follows it
	EventAccountShown   = "account.restored"
	EventAccountHidden  = "account.suspended"
	EventAccountGone    = "account.deleted"
	EventTokenRevoked   = "token.revoked"  // about one token
	EventAppRevoked     = "app.revoked"    // about all tokens that an app, or for 0 any app, has for the account
	EventSessionsEnded  = "sessions.ended" // some or all of the account's
	EventFiltersChanged = "filters.changed"
)

// visibleKinds are the events after which visitors may see something else.
var visibleKinds = []string{
	EventPostCreated, EventPostImported, EventPostUpdated, EventPostDeleted, EventPostLiked, EventPostUnliked, EventPostBoosted, EventPostUnboosted, EventPhotoMoved,
	EventAccountCreated, EventAccountUpdated, EventAccountFollows, EventAccountShown, EventAccountHidden, EventAccountGone, EventAlbumChanged, EventSiteChanged,
}

func isVisible(kind string) bool { return slices.Contains(visibleKinds, kind) }

// postEvent is what a stream must know of a post, which may be deleted by the time the event is read.
type postEvent struct {
	Visibility store.Visibility `json:"visibility"`
	RootID     int64            `json:"root_id,omitempty"` // of a comment
}

func postEventOf(p *store.Post) postEvent {
	e := postEvent{Visibility: p.Visibility}
	if p.RootID != nil {
		e.RootID = *p.RootID
	}
	return e
}

// EndedSession has open pages of the account, on every instance, check whether their session is still valid, and ends what
// the ended one was told by push.
func (c *Community) EndedSession(ctx context.Context, acc *store.Account, session string) error {
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.DeletePushOfSession(ctx, acc.ID, session); err != nil {
			return err
		}
		return tx.AddEvent(ctx, EventSessionsEnded, acc.ID, acc.ID, nil)
	}))
}

// EventReader makes the store's events a live.Reader.
func EventReader(s *store.Store) live.Reader { return eventReader{s} }

type eventReader struct{ s *store.Store }

func (r eventReader) Now(ctx context.Context) (int64, error) {
	now, err := r.s.Now(ctx)
	return int64(now), err
}

func (r eventReader) After(ctx context.Context, at, id int64, limit int) ([]live.Event, error) {
	rows, err := r.s.EventsAfter(ctx, store.Millis(at), id, limit)
	events := make([]live.Event, len(rows))
	for i, e := range rows {
		events[i] = live.Event{ID: e.ID, At: int64(e.At), Kind: e.Kind, AccountID: e.AccountID, RefID: e.RefID, Payload: e.Payload}
	}
	return events, err
}
