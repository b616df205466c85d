package community

import (
	"context"
	"slices"

	"tintype/internal/store"
)

// Kinds of events. The reference of an event is what it is about. Its account is the one that acted, or the one that it
// concerns.
const (
	EventPostCreated    = "post.created"
	EventPostUpdated    = "post.updated" // with a postEvent: as it was before
	EventPostDeleted    = "post.deleted" // with a postEvent
	EventPostLiked      = "post.liked"
	EventPostUnliked    = "post.unliked"
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
)

// visibleKinds are the events after which visitors may see something else.
var visibleKinds = []string{
	EventPostCreated, EventPostUpdated, EventPostDeleted, EventPostLiked, EventPostUnliked, EventPhotoMoved,
	EventAccountCreated, EventAccountUpdated, EventAccountFollows, EventAccountShown, EventAccountHidden, EventAccountGone,
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

// EndedSessions has open pages of the account, on every instance, check whether their session is still valid.
func (c *Community) EndedSessions(ctx context.Context, acc *store.Account) error {
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		return tx.AddEvent(ctx, EventSessionsEnded, acc.ID, acc.ID, nil)
	}))
}
