package app

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/doctor"
	"tintype/internal/web"
	"tintype/static"
)

// openDeepz has the running site tell what the doctor would: at METRICS_ADDR to
// all, on the site to administrators and to this machine itself.
func (a *App) openDeepz(ctx context.Context, r *rooms, routes *web.Routes, assets *static.Assets, administrator func(*gin.Context) bool) error {
	waker, err := a.drivers().sqs(ctx)
	if err != nil {
		return err
	}
	d := a.drivers().diagnosis()
	d.Store, d.Media, d.Sessions, d.Queue, d.Redis = r.store, r.media, r.sessions, waker, a.redis
	d.Addresses, d.Assets, d.Held = r.addresses, assets, r.secrets()
	a.doctor.Store(d)
	if routes == nil {
		return nil
	}
	routes.Personal(http.MethodGet, "/deepz", func(c *gin.Context) error {
		if !administrator(c) && !fromHere(c.Request) {
			return community.ErrNotFound
		}
		answerDeepz(c.Writer, c.Request, d)
		return nil
	})
	return nil
}

// fromHere tells a request made on this machine from one that a proxy on it
// passes on.
func fromHere(r *http.Request) bool {
	return web.ClientAddress(r.Context()).IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" && r.Header.Get("Via") == ""
}

// deepz is the answer at METRICS_ADDR.
func (a *App) deepz(w http.ResponseWriter, r *http.Request) {
	d := a.doctor.Load()
	if d == nil {
		_, _, why := a.site.Health.State()
		web.AnswerHealth(w, http.StatusServiceUnavailable, why)
		return
	}
	answerDeepz(w, r, d)
}

func answerDeepz(w http.ResponseWriter, r *http.Request, d *doctor.Diagnosis) {
	checks := d.Checks(r.Context())
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", web.PersonalControl)
	if doctor.Worst(checks) == doctor.Failure {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = doctor.WriteJSON(w, checks) // who does not read has gone
}
