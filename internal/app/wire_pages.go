package app

import (
	"context"
	"net/http"
	"time"

	"tintype/internal/community"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/web"
	"tintype/internal/web/pages"
	"tintype/static"
	"tintype/templates"
)

// newPages puts the pages together.
func (a *App) newPages(r *services, sessions *session.Store, assets *static.Assets) *pages.Pages {
	return pages.New(pages.Options{
		Community:      r.community,
		Sessions:       pageSessions{sessions, r.community},
		Signed:         session.NewSigned(r.keys.Now, a.cfg.Secure(), nil),
		Addresses:      r.addresses,
		Media:          r.media,
		Presign:        a.drivers().presigner(r.media),
		Assets:         assets,
		BaseURL:        a.cfg.Origin(),
		Version:        Version,
		ReadOnly:       func() bool { return a.cfg.ReadOnly || r.store.PrimaryAway() },
		Log:            a.log,
		KeepOriginals:  a.cfg.KeepOriginals,
		CDN:            a.cfg.MediaBaseURL != "",
		MaxUploadBytes: a.cfg.MaxUploadBytes,
		MaxPixels:      r.processor.MatrixLimit(),
		Secure:         a.cfg.Secure(),
		Status:         func(ctx context.Context) templates.StatusView { return a.status(ctx, r) },
		Moves:          a.watchMoves(r).view,
		Ladder:         func(ctx context.Context) (templates.LadderView, error) { return ladderView(ctx, r.store) },
		Streams:        a.streams,
		Streaming:      a.site.Admission.ReleaseForStream,
		LoggedIn:       a.site.Admission.Remember,
		LoggedOut:      a.site.Admission.Forget,
		Accept:         "image/jpeg,image/png,image/webp,image/gif",
	})
}

// newSessions logs in and out over the sessions' backend.
func (a *App) newSessions(r *services) *session.Store {
	for _, why := range session.Reasons() {
		a.metrics.noSession.WithLabelValues(string(why)) // shows as 0
	}
	return session.NewStore(session.Options{
		Backend: r.sessions,
		Load: func(ctx context.Context, id int64) (session.Member, bool, error) {
			return r.community.SessionAccount(ctx, id)
		},
		Secure:    a.cfg.Secure(),
		Log:       a.log,
		Address:   func(req *http.Request) string { return web.ClientAddress(req.Context()).String() },
		OnRefused: func(why session.Reason) { a.metrics.noSession.WithLabelValues(string(why)).Inc() },
	})
}

// pageSessions is what pages need of sessions beside gin-contrib's sessions.Default.
type pageSessions struct {
	*session.Store
	community *community.Community
}

func (s pageSessions) List(ctx context.Context, acc *store.Account) ([]pages.Session, error) {
	list, err := s.Store.List(ctx, acc)
	if err != nil {
		return nil, err
	}
	shown := make([]pages.Session, 0, len(list))
	for _, r := range list {
		shown = append(shown, pages.Session{
			Hash: r.Hash, UserAgent: r.UserAgent, Address: r.Address, CreatedAt: store.ToMillis(r.CreatedAt), UsedAt: store.ToMillis(r.UsedAt),
		})
	}
	return shown, nil
}

func (s pageSessions) End(ctx context.Context, acc *store.Account, hash string) error {
	if err := s.Store.End(ctx, acc, hash); err != nil {
		return err
	}
	return s.community.EndedSession(ctx, acc, hash)
}

func (s pageSessions) EndOthers(ctx context.Context, acc *store.Account, keep string) error {
	if err := s.Store.EndOthers(ctx, acc, keep); err != nil {
		return err
	}
	return s.community.EndOtherAccess(ctx, acc, keep)
}

// readOnlySessions are as they are: reading is no use, so none is prolonged.
type readOnlySessions struct{ session.Backend }

// Unwrap lets session.As find what the backend can do.
func (b readOnlySessions) Unwrap() session.Backend { return b.Backend }

func (readOnlySessions) Touch(context.Context, int64, string, time.Time, time.Time) error { return nil }
