package app

import (
	"context"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"os"

	"tintype/internal/backup"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/doctor"
	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/web"
	"tintype/static"
)

// openDoctor has the running site examined, with what it has open itself.
func (a *App) openDoctor(r *services, sqs *queue.SQS, assets *static.Assets) *doctor.Diagnosis {
	d := a.drivers().diagnosis()
	d.SessionsNext, d.MediaNext = r.sessionsNext, r.mediaNext
	d.Store, d.Media, d.Sessions, d.Queue, d.Redis = r.store, r.media, r.sessions, sqs, a.redis
	d.Addresses, d.Assets, d.Held = r.addresses, assets, r.secrets()
	a.doctor.Store(d)
	return d
}

// metricsDeepz is the answer at METRICS_ADDR, to all.
func (a *App) metricsDeepz(w http.ResponseWriter, r *http.Request) {
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

// examine opens for the doctor what the settings name, each by itself.
func examine(ctx context.Context, cfg *config.Config, log *slog.Logger) (*doctor.Diagnosis, func()) {
	opener := drivers{cfg: cfg, log: log}
	d := opener.diagnosis()
	if cfg.Database.Driver == "sqlite" {
		// Opening would make the file: a doctor changes nothing.
		_, d.StoreErr = os.Stat(cfg.Database.Path)
	}
	if d.StoreErr == nil {
		d.Store, d.StoreErr = store.Open(ctx, opener.storeOptions())
	}
	if d.Store != nil || !cfg.SessionsInDatabase() {
		d.Sessions, d.SessionsErr = opener.sessions(ctx, d.Store)
	}
	if d.Store != nil || cfg.SessionNext != nil && cfg.SessionNext.Table != "" {
		d.SessionsNext, d.SessionsNextErr = opener.sessionsNext(ctx, d.Store)
	}
	d.Media, d.MediaErr = opener.media(ctx)
	d.MediaNext, d.MediaNextErr = opener.mediaNext(ctx)
	if d.Store != nil && d.MediaNext != nil && opener.mediaHasMoved(ctx, d.Store) {
		d.Media, d.MediaErr = d.MediaNext, d.MediaNextErr
	}
	d.Queue, d.QueueErr = opener.sqs(ctx)
	if cfg.Web {
		d.Redis, d.RedisErr = opener.redis(ctx)
	}
	if cfg.Web {
		d.Assets, _ = static.New(cfg.StaticBaseURL) // what is embedded cannot be wrong here only
	}
	if signer, err := cfg.MediaSigner(ctx, log); err == nil && signer != nil {
		unused := func() [][]byte { return [][]byte{[]byte("signs nothing here")} }
		d.Addresses, _ = opener.addresses(unused, signer, func() bool { return cfg.Visitors.MembersOnly() }) // nil: not asked for
	}
	if d.Mail != nil {
		d.TestMail = opener.testMail(d.Store)
	}
	return d, func() {
		if d.Redis != nil {
			d.Redis.Close()
		}
		if d.Store != nil {
			_ = d.Store.Close() // the process ends
		}
	}
}

// diagnosis is what the doctor needs in any case.
func (d drivers) diagnosis() *doctor.Diagnosis {
	return &doctor.Diagnosis{
		Config:       d.cfg,
		Parts:        nextSettings,
		Mail:         d.smtp(),
		DatabaseNext: func(ctx context.Context) (*store.Place, error) { return store.OpenPlace(ctx, d.nextStoreOptions()) },
		DatabaseMove: d.databaseMove,
		NextStore:    func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, d.nextStoreOptions()) },
		Schema:       store.NewMigrator(d.storeOptions()).State,
		Backups:      func(ctx context.Context) (backup.Archive, error) { return d.backups(ctx, "") },
	}
}

// testMail sends one mail as `tintype mail test` does, to MAIL_FROM. The address that MAIL_FROM has by default has no
// mailbox at most sites: then the mail goes to the site's contact where that is an address, else to nobody. db may be nil.
func (d drivers) testMail(db *store.Store) func(context.Context) (to string, err error) {
	site := community.New(community.Options{Store: db, Log: d.log, Mail: d.mail(), BaseURL: d.cfg.Origin(), SiteDefaults: d.siteDefaults(), SiteLocks: d.siteLocks()})
	return func(ctx context.Context) (string, error) {
		to := d.cfg.MailFrom.Address
		if d.cfg.IsDefault("MAIL_FROM") {
			contact, err := netmail.ParseAddress(site.Site(ctx).Contact)
			if err != nil {
				return "", nil
			}
			to = contact.Address
		}
		_, err := site.SendTestMail(ctx, to)
		return to, err
	}
}
