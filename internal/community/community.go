// Package community holds the rules of the site: who may see and do what, and what follows from it. Handlers call
// one use case each; a use case owns its transaction. Bytes reach the media store between transactions, jobs and
// events are rows of the same transaction, caches and waiters are told after commit.
//
// Nothing here knows HTTP. A viewer is the account that asks, nil for a visitor.
package community

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/store"
)

// Options configure a Community.
type Options struct {
	Store     *store.Store
	Log       *slog.Logger
	Media     media.Store
	Processor *media.Processor
	CDN       CDN // may be nil
	// FetchedElsewhere: readers fetch public photos past this site, so that it can refuse none.
	FetchedElsewhere bool
	Live             *live.Hub // may be nil, where nothing is followed: whoever waits polls

	Cached *Cached // may be nil: everything is read where it stands

	BaseURL          string // https://example.org, no slash at the end
	SiteName         string
	OpenRegistration bool
	MembersOnly      bool // VISITORS=none
	KeepOriginals    bool
	MaxUploadBytes   int64
	SecretKeys       func() [][]byte // as they are now: the first signs, all verify

	LoginLimit  Limit // tries per account and per address
	SignUpLimit Limit // per address
	UploadLimit Limit // photos per account
	PostLimit   Limit // posts and comments per account
	ReportLimit Limit
	DraftTTL    time.Duration // how long an unattached photo stays, 48 h
}

// CDN is what keeps copies of photos near readers.
type CDN interface {
	// Invalidate has it forget what lies under keys.
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
	passwords *passwords
}

// New makes the use cases of one site.
func New(o Options) *Community {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Community{Options: o, passwords: newPasswords(runtime.NumCPU())}
}

// A Cursor asks for a stretch of a list ordered by id, newest first. At most one of the cursors is set, 0 is none.
// MinID asks for the oldest after it (the page just above), still answered newest first.
type Cursor struct {
	MaxID, MinID, SinceID int64
	Limit                 int
}
