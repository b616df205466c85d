package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/web"
	"tintype/internal/web/api"
	"tintype/static"
)

// rooms are the opened parts of a site, which both the server and the commands
// work with.
type rooms struct {
	store     *store.Store
	community *community.Community
	media     media.Store
	processor *media.Processor
	addresses *media.Addresses
	sessions  session.Backend
	live      *live.Hub
	keys      *config.Rotating[[][]byte]
	signer    *config.Rotating[*media.Signer] // nil where no CDN takes signed addresses
}

// rooms opens every room with the driver that the settings chose. The
// schema has to be settled before. Close ends what was opened.
func (d drivers) rooms(ctx context.Context) (*rooms, error) {
	r := &rooms{processor: media.NewProcessor(media.Options{
		MaxBytes:  d.cfg.MaxUploadBytes,
		MaxPixels: d.cfg.MaxPixels,
		Budget:    media.NewBudget(d.cfg.PhotoMemory),
	})}
	var err error
	if r.keys, err = d.cfg.SigningKeys(ctx, d.log); err != nil {
		return nil, err
	}
	if r.signer, err = d.cfg.MediaSigner(ctx, d.log); err != nil {
		return nil, err
	}
	if r.media, err = d.media(ctx); err != nil {
		return nil, fmt.Errorf("photos: %w", err)
	}
	if r.addresses, err = d.addresses(r.keys.Now, r.signer); err != nil {
		return nil, err
	}
	cdn, err := d.cdn(ctx)
	if err != nil {
		return nil, err
	}
	if r.store, err = store.Open(ctx, d.storeOptions()); err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	if r.sessions, err = d.sessions(ctx, r.store); err != nil {
		return nil, errors.Join(fmt.Errorf("sessions: %w", err), r.store.Close())
	}
	r.live = live.NewHub(live.Options{Reader: community.EventReader(r.store), Log: d.log})
	r.store.OnEvent(r.live.Wake)
	r.community = community.New(community.Options{
		Store:            r.store,
		Log:              d.log,
		Media:            r.media,
		Processor:        r.processor,
		CDN:              cdn,
		FetchedElsewhere: d.cfg.MediaBaseURL != "",
		Live:             r.live,
		BaseURL:          d.cfg.Origin(),
		SiteName:         d.cfg.SiteName,
		OpenRegistration: d.cfg.Registration == "open",
		MembersOnly:      d.cfg.Visitors == "none",
		KeepOriginals:    d.cfg.KeepOriginals,
		MaxUploadBytes:   d.cfg.MaxUploadBytes,
		SecretKeys:       r.keys.Now,
		LoginLimit:       limit(d.cfg.LoginLimit),
		SignUpLimit:      limit(d.cfg.SignUpLimit),
		UploadLimit:      limit(d.cfg.UploadLimit),
		PostLimit:        limit(d.cfg.PostLimit),
		ReportLimit:      limit(d.cfg.ReportLimit),
		DraftTTL:         draftLife,
	})
	return r, nil
}

// draftLife is how long a photo waits for its post. Drafts are promised a day;
// the other day is for whoever comes back just before it ends.
const draftLife = 48 * time.Hour

// Close closes the database, on which everything else stands.
func (r *rooms) Close() error { return r.store.Close() }

func limit(r config.Rate) community.Limit {
	return community.Limit{Count: r.Events, Window: r.Window}
}

func (d drivers) storeOptions() store.Options {
	return store.Options{
		URL:      d.cfg.Database.URL.Value,
		Replicas: d.cfg.Replicas.Value,
		MaxLag:   d.cfg.ReplicaMaxLag,
		MaxConns: d.cfg.MySQLConns(),
		ReadOnly: d.cfg.ReadOnly,
		Tracing:  traceStatements(d.tracer),
		Log:      d.log,
	}
}

// sessions chooses where sessions live.
func (d drivers) sessions(ctx context.Context, db *store.Store) (session.Backend, error) {
	switch d.cfg.SessionStore {
	case "sql":
		return session.NewSQL(db), nil
	case "dynamodb":
		c, err := d.aws(ctx)
		if err != nil {
			return nil, err
		}
		return session.NewDynamo(c, d.cfg.SessionTable), nil
	default:
		return nil, fmt.Errorf("no driver for SESSION_STORE=%s", d.cfg.SessionStore)
	}
}

// wire opens the rooms, puts the site together and starts what works in the
// background. What it opens it also registers for closing.
func (a *App) wire(ctx context.Context) (http.Handler, error) {
	followMemoryLimit(media.MemoryLimit())
	if !a.cfg.Stateless {
		if err := os.MkdirAll(a.cfg.DataDir, 0o700); err != nil {
			return nil, err
		}
		// Earlier releases let a group read it.
		if err := os.Chmod(a.cfg.DataDir, 0o700); err != nil {
			a.log.WarnContext(ctx, "others on this machine may read DATA_DIR", "error", err)
		}
	}
	if err := a.awaitSchema(ctx); err != nil {
		return nil, err
	}
	r, err := a.drivers().rooms(ctx)
	if err != nil {
		return nil, err
	}
	a.onStop("database", func(context.Context) error { return r.Close() })
	a.followSecrets(r)
	r.community.Media = countedMedia{r.media, a.metrics.mediaIO}
	if err := r.store.Ping(ctx); err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	a.log.InfoContext(ctx, "stores", "database", a.cfg.Database.String(), "sessions", a.cfg.SessionStore, "photos", a.cfg.MediaStore)
	a.log.InfoContext(ctx, "photos", "largest_file", config.FormatSize(r.processor.MaxBytes()), "largest_pixels", r.processor.MatrixLimit(), "memory", config.FormatSize(a.cfg.PhotoMemory))
	if err := a.connectRedis(ctx, r); err != nil {
		return nil, err
	}
	a.follow(r)
	if a.cfg.ReadOnly {
		a.log.WarnContext(ctx, "READ_ONLY: nothing is written, no job is done here")
	} else if err := a.work(ctx, r); err != nil {
		return nil, fmt.Errorf("the queue: %w", err)
	}
	a.metrics.watch(r, a.cfg.PhotoMemory)
	if !a.cfg.Web {
		if err := a.openDeepz(ctx, r, nil, nil, nil); err != nil {
			return nil, err
		}
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			a.site.Errors.Write(w, req, &web.HTTPError{Status: http.StatusNotFound, Message: "This process does jobs only."})
		}), nil
	}
	assets, err := static.New(a.cfg.StaticBaseURL)
	if err != nil {
		return nil, err
	}
	if r.community.Cached = a.openCache(r.live); r.community.Cached != nil {
		r.store.OnEventOf(r.community.Cached.Invalidate)
	}
	visible := community.NewVisible(r.community, r.waitForReplicas())
	a.listen(r, visible)
	sessions := a.newSessions(r)
	routes := a.site.NewRoutes(sessions.Middleware()...)
	a.routes = routes
	a.newAPI(r, assets, visible).Register(routes)
	p := a.newPages(r, sessions, routes, assets)
	p.Register(routes)
	if err := a.openDeepz(ctx, r, routes, assets, p.Administrator); err != nil {
		return nil, err
	}
	if !a.cfg.ReadOnly {
		a.claim = r.community.ClaimLink
	}
	site := web.WithPositions(r.store, session.NewSigned(r.keys.Now, a.cfg.Secure(), nil), a.cfg.ReplicaMaxLag, routes.Handler())
	a.background("visible", func(ctx context.Context) error {
		visible.Follow(ctx)
		return nil
	})
	visitors := web.NewVisitorPages(session.CookieName(a.cfg.Secure()), visible.Count, site)
	a.metrics.watchVisitorPages(visitors.Outcomes())
	a.metrics.watchLive(r.live, a.streams, visible)
	return visitors, nil
}

// waitForReplicas is the store's WaitForReplicas, nil where there are no replicas to wait for.
func (r *rooms) waitForReplicas() func(context.Context) error {
	if !r.store.Replicated() {
		return nil
	}
	return r.store.WaitForReplicas
}

// follow hears what the other processes of the site do.
func (a *App) follow(r *rooms) {
	a.background("events", func(ctx context.Context) error {
		r.live.Follow(ctx)
		return nil
	})
}

// listen has clients that stay connected hear of what happens.
func (a *App) listen(r *rooms, visible *community.Visible) {
	streams := community.NewStreams(r.community, community.StreamOptions{Max: a.cfg.MaxStreams, WaitForReplicas: r.waitForReplicas(), Visible: visible, Log: a.log})
	a.background("streams", func(ctx context.Context) error {
		streams.Run(ctx)
		return nil
	})
	a.streams = streams
}

// work has jobs of this process heard of, and where it is a worker done here. A
// job that is committed in a worker is begun at once, others are heard of
// through QUEUE_URL or by the queue's poll.
func (a *App) work(ctx context.Context, r *rooms) error {
	waker, err := a.openQueue(ctx)
	if err != nil {
		return err
	}
	r.store.OnJob(waker.Notify)
	if !a.cfg.Worker {
		return nil
	}
	workers := community.Workers()
	workers[community.ClassPhoto] = a.cfg.JobWorkers
	var awaited []string
	if !a.cfg.Web && a.cfg.QueueURL == "" { // uploads come to others, and nothing tells of them
		awaited = []string{community.ClassPhoto}
	}
	q := queue.New(queue.Options{
		Backend: community.JobBackend(r.store), Log: a.log, Workers: workers, Waker: waker, Awaited: awaited, Observe: a.metrics.job, Trace: traceJobs(a.tracer),
	})
	r.community.RegisterPhotoJobs(q)
	r.community.RegisterPostJobs(q)
	r.community.RegisterAccountJobs(q)
	q.Start(context.Background()) // ends by Stop, which lets running jobs finish
	a.onStop("jobs", q.Stop)
	return nil
}

func (a *App) newAPI(r *rooms, assets *static.Assets, visible *community.Visible) *api.API {
	origin := a.cfg.Origin()
	return api.New(api.Options{
		Community:      r.community,
		Addresses:      r.addresses,
		Log:            a.log,
		BaseURL:        origin,
		SiteName:       a.cfg.SiteName,
		Description:    a.cfg.SiteDescription,
		Contact:        a.cfg.Contact,
		Version:        Version,
		Registration:   a.cfg.Registration == "open",
		MembersOnly:    a.cfg.Visitors == "none",
		DefaultAvatar:  origin + assets.Path("avatar.png"),
		DefaultHeader:  origin + assets.Path("header.png"),
		MaxUploadBytes: a.cfg.MaxUploadBytes,
		MaxPixels:      r.processor.MatrixLimit(),
		Limit:          limit(a.cfg.APILimit),
		Counter:        a.counter(),
		Authenticate:   a.site.Admission.Remember,
		Generation:     visible.Count,
		TakesGzip:      web.AcceptsGzip,
		Streams:        a.streams,
		Streaming:      a.site.Admission.ReleaseForStream,
	})
}

// settleSchema migrates where the settings say so, and tells whether this
// release can work on the schema.
func (d drivers) settleSchema(ctx context.Context) error {
	m := store.NewMigrator(d.storeOptions())
	if d.cfg.Migrate == "auto" {
		if err := m.Up(ctx); err != nil {
			return fmt.Errorf("the database: %w", err)
		}
	}
	state, err := m.State(ctx)
	if err == nil {
		err = state.Usable()
	}
	if err != nil {
		return fmt.Errorf("the database: %w", err)
	}
	return nil
}

// schemaPoll is how often a process looks whether the schema has come.
const schemaPoll = time.Second

// awaitSchema returns once the schema is usable. A database server that does
// not answer, or whose schema is still to come, is waited for: the process
// listens meanwhile, and /readyz says why it is not ready.
func (a *App) awaitSchema(ctx context.Context) error {
	said := ""
	for {
		err := a.drivers().settleSchema(ctx)
		if err == nil {
			a.site.Health.Done("database")
			return nil
		}
		if a.cfg.Database.Driver == "sqlite" || ctx.Err() != nil {
			return err
		}
		a.site.Health.Wait("database", err.Error())
		if err.Error() != said {
			said = err.Error()
			a.log.WarnContext(ctx, "waiting for the database", "reason", said)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(schemaPoll):
		}
	}
}
