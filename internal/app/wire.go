package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"tintype/internal/cache"
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

// services are the opened parts of a site, which both the server and the commands
// work with.
type services struct {
	store     *store.Store
	community *community.Community
	media     media.Store
	processor *media.Processor
	addresses *media.Addresses
	sessions  session.Backend
	live      *live.Hub
	cached    *community.Cached // nil where there is no cache to share
	keys      *config.Rotating[[][]byte]
	signer    *config.Rotating[*media.Signer] // nil where no CDN takes signed addresses
}

// services opens every service with the driver that the settings chose, once and
// from the bottom to the top. The schema has to be in order before. Redis may be
// nil: commands do without. Close ends what was opened, but for Redis.
func (d drivers) services(ctx context.Context, redis *cache.Redis) (*services, error) {
	r := &services{processor: media.NewProcessor(media.Options{
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
	r.cached = d.cached(redis, r.live)
	if r.cached != nil {
		r.store.OnEventOf(r.cached.Invalidate)
	}
	r.community = community.New(community.Options{
		Store:            r.store,
		Log:              d.log,
		Media:            r.media,
		Processor:        r.processor,
		CDN:              cdn,
		FetchedElsewhere: d.cfg.MediaBaseURL != "",
		Live:             r.live,
		Cached:           r.cached,
		BaseURL:          d.cfg.Origin(),
		SiteName:         d.cfg.SiteName,
		OpenRegistration: d.cfg.Registration == "open",
		Visitors:         d.cfg.Visitors,
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
func (r *services) Close() error { return r.store.Close() }

func limit(r config.Rate) community.Limit {
	return community.Limit{Count: r.Events, Window: r.Window}
}

// wire opens the services, puts the site together and starts what works in the
// background. What it opens it also registers for closing.
func (a *App) wire(ctx context.Context) (http.Handler, error) {
	followMemoryLimit(media.MemoryLimit())
	if err := a.prepareDataDir(ctx); err != nil {
		return nil, err
	}
	if err := a.awaitSchema(ctx); err != nil {
		return nil, err
	}
	d := a.drivers()
	redis, err := d.redis(ctx)
	if err != nil {
		return nil, err
	}
	r, err := d.services(ctx, redis)
	if err != nil {
		if redis != nil {
			redis.Close()
		}
		return nil, err
	}
	a.onStop("database", func(context.Context) error { return r.Close() })
	a.followSecrets(r)
	if redis != nil {
		a.connectRedis(redis, r)
	}
	if err := r.store.Ping(ctx); err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	a.log.InfoContext(ctx, "stores", "database", a.cfg.Database.String(), "sessions", a.cfg.SessionStore, "photos", a.cfg.MediaStore)
	a.log.InfoContext(ctx, "photos", "largest_file", config.FormatSize(r.processor.MaxBytes()), "largest_pixels", r.processor.MatrixLimit(), "memory", config.FormatSize(a.cfg.PhotoMemory))
	a.follow(r)
	sqs, err := d.sqs(ctx)
	if err != nil {
		return nil, fmt.Errorf("the queue: %w", err)
	}
	if a.cfg.ReadOnly {
		a.log.WarnContext(ctx, "READ_ONLY: nothing is written, no job is done here")
	} else {
		a.work(r, sqs)
	}
	a.metrics.watch(r, a.cfg.PhotoMemory)
	if !a.cfg.Web {
		a.openDoctor(r, sqs, nil)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			a.site.Errors.Write(w, req, &web.HTTPError{Status: http.StatusNotFound, Message: "This process does jobs only."})
		}), nil
	}
	return a.wireWeb(ctx, r, sqs)
}

// wireWeb puts pages and API together.
func (a *App) wireWeb(ctx context.Context, r *services, sqs *queue.SQS) (http.Handler, error) {
	assets, err := static.New(a.cfg.StaticBaseURL)
	if err != nil {
		return nil, err
	}
	images, assetOrigins, err := a.drivers().contentOrigins(ctx, r.media)
	if err != nil {
		return nil, err
	}
	if r.cached != nil {
		a.background("cache", func(ctx context.Context) error {
			r.cached.Follow(ctx)
			return nil
		})
	}
	visible := community.NewVisible(r.community, r.waitForReplicas())
	a.listen(r, visible)
	sessions := a.newSessions(r)
	p := a.newPages(r, sessions, assets)
	a.routes = a.site.NewRoutes(web.RouteOptions{
		Middleware: sessions.Middleware(),
		BeforePage: p.Before,
		ErrorPage:  p.ErrorPage,
		Images:     images,
		Assets:     assetOrigins,
	})
	a.newAPI(r, assets, visible).Register(a.routes)
	p.Register(a.routes)
	diagnosis := a.openDoctor(r, sqs, assets)
	a.routes.Operators(http.MethodGet, "/deepz", p.Administrator, func(w http.ResponseWriter, req *http.Request) { answerDeepz(w, req, diagnosis) })
	if !a.cfg.ReadOnly {
		a.claim = r.community.ClaimLink
	}
	site := web.WithPositions(r.store, session.NewSigned(r.keys.Now, a.cfg.Secure(), nil), a.cfg.ReplicaMaxLag, a.routes.Handler())
	a.background("visible", func(ctx context.Context) error {
		visible.Follow(ctx)
		return nil
	})
	visitors := web.NewVisitorPages(session.CookieName(a.cfg.Secure()), visible.Count, site)
	a.metrics.watchVisitorPages(visitors.Outcomes())
	a.metrics.watchLive(r.live, a.streams, visible)
	return visitors, nil
}

// prepareDataDir makes the folder that keeps what nothing else does, for its owner alone.
func (a *App) prepareDataDir(ctx context.Context) error {
	if a.cfg.Stateless {
		return nil
	}
	if err := os.MkdirAll(a.cfg.DataDir, 0o700); err != nil {
		return err
	}
	// Earlier releases let a group read it.
	if err := os.Chmod(a.cfg.DataDir, 0o700); err != nil {
		a.log.WarnContext(ctx, "others on this machine may read DATA_DIR", "error", err)
	}
	return nil
}

// waitForReplicas is the store's WaitForReplicas, nil where there are no replicas to wait for.
func (r *services) waitForReplicas() func(context.Context) error {
	if !r.store.Replicated() {
		return nil
	}
	return r.store.WaitForReplicas
}

// follow hears what the other processes of the site do.
func (a *App) follow(r *services) {
	a.background("events", func(ctx context.Context) error {
		r.live.Follow(ctx)
		return nil
	})
}

// listen has clients that stay connected hear of what happens.
func (a *App) listen(r *services, visible *community.Visible) {
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
func (a *App) work(r *services, sqs *queue.SQS) {
	waker := a.waker(sqs)
	r.store.OnJob(waker.Notify)
	if !a.cfg.Worker {
		return
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
}

// waker is how workers hear of jobs: SQS, else a signal in this process.
func (a *App) waker(sqs *queue.SQS) queue.Waker {
	if sqs == nil {
		return queue.NewSignal()
	}
	a.metrics.watchQueue(sqs)
	// Sending ends last, after the jobs that may add others.
	a.background("queue sender", sqs.Send)
	if a.cfg.Worker {
		a.background("queue receiver", sqs.Receive)
	}
	return sqs
}

func (a *App) newAPI(r *services, assets *static.Assets, visible *community.Visible) *api.API {
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

// schemaPoll is how often a process looks whether the schema has come.
const schemaPoll = time.Second

// awaitSchema returns once the schema is usable. A database server that does
// not answer, or whose schema is still to come, is waited for: the process
// listens meanwhile, and /readyz says why it is not ready.
func (a *App) awaitSchema(ctx context.Context) error {
	said := ""
	for {
		err := a.drivers().prepareSchema(ctx)
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
