package app

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/web"
	"tintype/internal/web/pages"
	"tintype/static"
	"tintype/templates"
)

// newPages puts the pages together and has them run before each handler, so
// that the error page knows who is reading, too.
func (a *App) newPages(r *rooms, sessions *session.Store, routes *web.Routes, assets *static.Assets) *pages.Pages {
	p := pages.New(pages.Options{
		Community: r.community,
		Sessions:  pageSessions{sessions, r.community},
		Signed:    session.NewSigned(r.keys.Now, a.cfg.Secure(), nil),
		Addresses: r.addresses,
		Media:     r.community.Media,
		Presign:   a.drivers().presigner(r.community.Media),
		Assets:    assets,
		Site: templates.Site{
			Name:             a.cfg.SiteName,
			Description:      a.cfg.SiteDescription,
			Contact:          a.cfg.Contact,
			RegistrationOpen: a.cfg.Registration == "open",
			ClosedToVisitors: a.cfg.Visitors == "none",
		},
		BaseURL:        a.cfg.Origin(),
		Version:        Version,
		ReadOnly:       func() bool { return a.cfg.ReadOnly || r.store.WriterAway() },
		Log:            a.log,
		KeepOriginals:  a.cfg.KeepOriginals,
		CDN:            a.cfg.MediaBaseURL != "",
		MaxUploadBytes: a.cfg.MaxUploadBytes,
		MaxPixels:      r.processor.MatrixLimit(),
		Secure:         a.cfg.Secure(),
		Status:         func(ctx context.Context) templates.StatusView { return a.status(ctx, r) },
		Streams:        a.streams,
		Streaming:      a.site.Admission.ReleaseForStream,
		Accept:         "image/jpeg,image/png,image/webp,image/gif",
	})
	routes.BeforePages(p.Before, func(c *gin.Context) error {
		if p.Member(c) {
			a.site.Admission.Remember(c.Request)
		}
		return nil
	})
	a.site.Errors.SetPage(p.ErrorPage)
	return p
}

// newSessions logs in and out over the sessions' backend.
func (a *App) newSessions(r *rooms) *session.Store {
	return session.NewStore(session.Options{
		Backend: a.sessionBackend(r),
		Load: func(ctx context.Context, id int64) (session.Member, bool, error) {
			return r.community.SessionAccount(ctx, id)
		},
		Secure:  a.cfg.Secure(),
		Log:     a.log,
		Address: func(req *http.Request) string { return web.ClientAddress(req.Context()).String() },
	})
}

// sessionBackend chooses the store of sessions.
func (a *App) sessionBackend(r *rooms) session.Backend {
	b := session.Backend(countedSessions{r.sessions, a.metrics.sessionIO, traceCalls(a.tracer, "sessions")})
	if a.cfg.ReadOnly {
		b = readOnlySessions{b}
	}
	return b
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
	places := make([]pages.Session, 0, len(list))
	for _, r := range list {
		places = append(places, pages.Session{
			Hash: r.Hash, UserAgent: r.UserAgent, Address: r.Address, CreatedAt: store.ToMillis(r.CreatedAt), UsedAt: store.ToMillis(r.UsedAt),
		})
	}
	return places, nil
}

func (s pageSessions) End(ctx context.Context, acc *store.Account, hash string) error {
	if err := s.Store.End(ctx, acc, hash); err != nil {
		return err
	}
	return s.community.EndedSessions(ctx, acc)
}

func (s pageSessions) EndOthers(ctx context.Context, acc *store.Account, keep string) error {
	if err := s.Store.EndOthers(ctx, acc, keep); err != nil {
		return err
	}
	return s.community.EndOtherAccess(ctx, acc)
}
