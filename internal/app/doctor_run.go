package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/store"
	"tintype/internal/web"
	"tintype/static"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"As JSON: an object with checks."`
}

// errUnwell is the exit status of a doctor who found a failure.
var errUnwell = errors.New("something does not work; see above")

func (d doctorCommand) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		if d.JSON { // who reads it by a program gets the object in any case
			err = errors.Join(err, writeChecksJSON(c.env.Stdout, []Check{{Name: "settings", Status: checkFailure, Text: err.Error(), Advice: "`tintype --help` lists the settings"}}))
		}
		return err
	}
	log := slog.New(slog.DiscardHandler) // what fails is said by the checks
	patient, closing := examine(c, cfg, log)
	defer closing()
	patient.again = time.Second
	checks := patient.run(c)
	if d.JSON {
		err = writeChecksJSON(c.env.Stdout, checks)
	} else {
		err = writeChecks(c.env.Stdout, checks)
	}
	if err == nil && worst(checks) == checkFailure {
		err = errUnwell
	}
	return err
}

// examine opens what the settings name, each by itself.
func examine(ctx context.Context, cfg *config.Config, log *slog.Logger) (*diagnosis, func()) {
	opener, d := drivers{cfg: cfg, log: log}, &diagnosis{cfg: cfg, log: log}
	if cfg.Database.Driver == "sqlite" {
		// Opening would make the file: a doctor changes nothing.
		_, d.storeErr = os.Stat(cfg.Database.Path)
	}
	if d.storeErr == nil {
		d.store, d.storeErr = store.Open(ctx, opener.storeOptions())
	}
	if d.store != nil || !cfg.SessionsInDatabase() {
		d.sessions, d.sessErr = opener.sessions(ctx, d.store)
	}
	d.media, d.mediaErr = opener.media(ctx)
	d.queue, d.queueErr = opener.sqs(ctx)
	if cfg.Web && cfg.CacheURL.IsSet() {
		d.redis, d.redisErr = opener.redis(ctx)
	}
	if cfg.Web {
		d.assets, _ = static.New(cfg.StaticBaseURL) // what is embedded cannot be wrong here only
	}
	if signer, err := cfg.MediaSigner(ctx, log); err == nil && signer != nil {
		unused := func() [][]byte { return [][]byte{[]byte("signs nothing here")} }
		d.address, _ = opener.addresses(unused, signer) // nil: not asked for
	}
	return d, func() {
		if d.redis != nil {
			d.redis.Close()
		}
		if d.store != nil {
			_ = d.store.Close() // the process ends
		}
	}
}

func writeChecks(w io.Writer, checks []Check) error {
	var err error
	for _, c := range checks {
		if _, werr := fmt.Fprintf(w, "%-8s %-10s %s\n", c.Status, c.Name, c.Text); werr != nil {
			err = werr
		}
		if c.Advice != "" {
			fmt.Fprintf(w, "%19s %s\n", "", c.Advice)
		}
	}
	return err
}

func writeChecksJSON(w io.Writer, checks []Check) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Status string  `json:"status"`
		Checks []Check `json:"checks"`
	}{worst(checks), checks})
}

// openDeepz has the running site tell what the doctor would: at METRICS_ADDR to
// all, on the site to administrators and to this machine itself.
func (a *App) openDeepz(ctx context.Context, r *rooms, routes *web.Routes, assets *static.Assets, administrator func(*gin.Context) bool) error {
	waker, err := a.drivers().sqs(ctx)
	if err != nil {
		return err
	}
	d := &diagnosis{cfg: a.cfg, log: a.log, store: r.store, media: r.media, sessions: r.sessions, queue: waker, redis: a.redis, address: r.addresses, assets: assets, held: r.secrets()}
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

func answerDeepz(w http.ResponseWriter, r *http.Request, d *diagnosis) {
	checks := d.checks(r.Context())
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", web.PersonalControl)
	if worst(checks) == checkFailure {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = writeChecksJSON(w, checks) // who does not read has gone
}
