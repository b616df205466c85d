// Package community holds the rules of the site: who may see and do what, and what follows from it. Handlers call one
// use case each. A use case owns its transaction: bytes reach the media store between transactions, jobs and events are
// rows of the same transaction, and caches and waiters hear of a change after its commit.
//
// Nothing here knows HTTP. A viewer is the account that asks, nil for a visitor.
package community

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"tintype/internal/live"
	"tintype/internal/mail"
	"tintype/internal/media"
	"tintype/internal/push"
	"tintype/internal/recent"
	"tintype/internal/store"
)

// Options configure a Community.
type Options struct {
	Store     *store.Store
	Log       *slog.Logger
	Media     media.Store
	Processor *media.Processor
	CDN       CDN // may be nil
	// FetchedElsewhere says that readers fetch public photos from elsewhere, so that this site cannot refuse any.
	FetchedElsewhere bool
	Live             *live.Hub // may be nil, where nothing is followed: whoever waits polls

	Cached *Cached // may be nil: everything is read where it stands

	Push *push.Sender // nil: one that sends to the internet alone
	Mail mail.Sender  // nil: no mail is written
	// MailDelivers says that mail reaches those it is for, so that pages may promise it.
	MailDelivers bool

	// SessionUsed is when a browser's session of the account was used last, the zero time where it has none. Nil: there are none.
	SessionUsed func(ctx context.Context, accountID int64) (time.Time, error)
	// SessionHolds reports whether a session of a browser still holds. Nil: all do that have the account's epoch.
	SessionHolds func(ctx context.Context, accountID int64, hash string) (bool, error)
	PhotoURL     func(key string) string // where a public photo is fetched; nil: nowhere

	BaseURL        string // https://example.org, no slash at the end
	KeepOriginals  bool
	MaxUploadBytes int64
	SecretKeys     func() [][]byte // as they are now: the first signs, all verify

	// SiteDefaults is the Site as the settings say. What the database says of a field goes before it, unless SiteLocks has the
	// field's name: there stands the variable of the environment that decides it.
	SiteDefaults Site
	SiteLocks    map[string]string

	DraftTTL time.Duration // how long an unattached photo stays, 48 h
}

// Visitors is what people without an account may do.
type Visitors string

const (
	VisitorsRead Visitors = "read"
	VisitorsNone Visitors = "none" // the site is members-only
)

// MembersOnly reports whether the site shows nothing to people without an account.
func (v Visitors) MembersOnly() bool { return v == VisitorsNone }

// CDN keeps copies of photos near readers.
type CDN interface {
	// Invalidate removes the copies under keys.
	Invalidate(ctx context.Context, keys ...string) error
}

// Limit allows Count in every Window.
type Limit struct {
	Count  int
	Window time.Duration
}

// Community is the use cases. Make one with New.
type Community struct {
	Options
	site      *siteState
	announced *announcedState
	passwords *passwords
	tags      *recent.Map[string, []store.Tag]  // of captions
	rendered  *recent.Map[string, renderedText] // by the text
	apps      *recent.Map[int64, *PostApp]      // of posts
	pushKeys  pushKeys
	touched   recent.Pauses[int64] // by the token

	exportPart int64  // what a part of an export may hold
	importPart int64  // what a part of a file holds that is sent for an import
	importStep func() // for tests: called between the steps of an import
}

// New makes the use cases of one site.
func New(o Options) *Community {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Push == nil {
		o.Push = push.New(push.Options{Contact: o.BaseURL})
	}
	return &Community{Options: o, site: newSiteState(o.Live), announced: newAnnouncedState(o.Live), passwords: newPasswords(runtime.NumCPU()), exportPart: exportPartBytes, importPart: ImportPartBytes, importStep: func() {},
		tags: recent.New[string, []store.Tag](textsKept, textsKeptFor), rendered: recent.New[string, renderedText](textsKept, textsKeptFor), apps: newPostApps()}
}

// A Cursor asks for a part of a list ordered by id, newest first. At most one of the ids is set; 0 is none. MinID asks
// for the oldest entries after it (the page just above). They are answered newest first, too.
type Cursor struct {
	MaxID, MinID, SinceID int64
	Limit                 int
}
