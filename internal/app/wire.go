package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/lang"
	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/push"
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
	id           int64 // of this process, in the list of processes
	store        *store.Store
	serving      io.Closer    // the lock of a process that serves a SQLite database; nil without one
	unfollow     func() error // ends what follows the database's moves
	presence     *move.Presence
	community    *community.Community
	media        media.Store
	mediaNext    media.Store // what MEDIA_NEXT names; nil where it names none
	processor    *media.Processor
	addresses    *media.Addresses
	sessions     session.Backend
	sessionsNext session.Movable // what SESSION_NEXT names; nil where it names none
	live         *live.Hub
	cached       *community.Cached // nil where there is no cache to share
	waker        queue.Waker       // nil in commands, where no job is done
	keys         *config.Rotating[[][]byte]
	signer       *config.Rotating[*media.Signer] // nil where no CDN takes signed addresses
}

// services opens every service with the driver that the settings chose, once and
// from the bottom to the top. The schema must be usable before. Redis may be nil:
// commands do without. Serving tells whether the process serves the site; a command
// does not. Close ends what was opened, but for Redis.
func (d drivers) services(ctx context.Context, redis *cache.Redis, serving bool) (*services, error) {
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
	// Whether the site is members-only is asked with each address, and the first is made after the community.
	if r.addresses, err = d.addresses(r.keys.Now, r.signer, func() bool { return r.community.MembersOnly(context.Background()) }); err != nil {
		return nil, err
	}
	cdn, err := d.cdn(ctx)
	if err != nil {
		return nil, err
	}
	if r.store, err = d.openStore(ctx); err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	if serving && d.cfg.Database.Driver == "sqlite" {
		if r.serving = store.LockServing(d.cfg.Database.Path); r.serving == nil {
			d.sayTwoServe()
		}
	}
	r.id = r.store.NewID()
	if serving && d.cfg.DatabaseNext != nil {
		d.proof = &databaseProof{}
	}
	if r.unfollow, err = d.followDatabase(ctx, r.store, r.id, serving); err != nil {
		return nil, errors.Join(fmt.Errorf("the database: %w", err), r.Close())
	}
	if r.presence, err = d.presence(ctx, r.store, r.id, r.keys.Now, serving, d.cfg.Database.Driver == "sqlite" && r.serving == nil); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	d.stored = storedPhotos(r.store)
	if r.media, r.mediaNext, err = d.movingMedia(ctx, r.presence.Part(partMedia)); err != nil {
		return nil, errors.Join(fmt.Errorf("photos: %w", err), r.Close())
	}
	if r.sessions, r.sessionsNext, err = d.movingSessions(ctx, r.store, r.presence.Part(partSessions)); err != nil {
		return nil, errors.Join(fmt.Errorf("sessions: %w", err), r.Close())
	}
	r.sessions = d.watchedSessions(r.sessions)
	r.live = live.NewHub(live.Options{Reader: community.EventReader(r.store), Log: d.log})
	r.store.OnEvent(func() {
		r.live.Wake()
		if redis != nil {
			redis.Signal()
		}
	})
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
		Push:             push.New(push.Options{Contact: d.cfg.PushContact()}),
		Mail:             d.mail(),
		MailDelivers:     d.cfg.SMTPURL.IsSet(),
		SessionHolds: func(ctx context.Context, accountID int64, hash string) (bool, error) {
			return session.Holds(ctx, r.sessions, accountID, hash)
		},
		SessionUsed: func(ctx context.Context, accountID int64) (time.Time, error) {
			list, err := r.sessions.List(ctx, accountID)
			if err != nil || len(list) == 0 {
				return time.Time{}, err
			}
			return list[0].UsedAt, nil
		},
		PhotoURL:       r.addresses.Public,
		BaseURL:        d.cfg.Origin(),
		KeepOriginals:  d.cfg.KeepOriginals,
		MaxUploadBytes: d.cfg.MaxUploadBytes,
		SecretKeys:     r.keys.Now,
		SiteDefaults:   d.siteDefaults(),
		SiteLocks:      d.siteLocks(),
		DraftTTL:       draftLife,
	})
	return r, nil
}

// siteDefaults is the site as the settings say.
func (d drivers) siteDefaults() community.Site {
	return community.Site{
		Name: d.cfg.SiteName, Description: d.cfg.SiteDescription, Contact: d.cfg.Contact, Language: lang.Find(d.cfg.SiteLanguage),
		Registration: d.cfg.Registration, Visitors: d.cfg.Visitors,
		LoginLimit: limit(d.cfg.LoginLimit), SignUpLimit: limit(d.cfg.SignUpLimit), UploadLimit: limit(d.cfg.UploadLimit),
		PostLimit: limit(d.cfg.PostLimit), ReportLimit: limit(d.cfg.ReportLimit), QuotaMB: d.cfg.QuotaMB, RequireTwoFactors: d.cfg.TwoFactors,
	}
}

// siteLocks are the fields of the site that the environment decides, with the variables.
func (d drivers) siteLocks() map[string]string {
	locks := map[string]string{}
	for _, f := range community.SiteFields {
		if f.Variable != "" && !d.cfg.IsDefault(f.Variable) {
			locks[f.Name] = f.Variable
		}
	}
	return locks
}

// draftLife is how long a photo waits for its post. People are promised a day; the
// second day is for whoever comes back just before the first ends.
const draftLife = 48 * time.Hour

// sayTwoServe tells whoever runs the site that this is the second process on one
// folder. It works, as far as the line says: one process that ends while the next
// one begins is common.
func (d drivers) sayTwoServe() {
	d.log.Warn("another process serves this database too",
		"database", d.cfg.Database.Path,
		"holds", "what is written, sessions, log-in limits, and each job done once; a change shows in the other process within half a second",
		"does_not_hold", "API_LIMIT and PAGE_LIMIT count in each process alone, PHOTO_MEMORY is taken twice, and writes of both wait for one lock; for two processes use MySQL (docs/scaling.md, rung 2)")
}

// Close removes this process from the list of processes and closes the database,
// on which everything else stands. It also closes services that are half open.
func (r *services) Close() error {
	var err error
	if r.presence != nil {
		err = r.presence.Stop(context.Background())
	}
	if r.unfollow != nil {
		err = errors.Join(err, r.unfollow())
	}
	err = errors.Join(err, r.store.Close())
	if r.serving != nil {
		err = errors.Join(err, r.serving.Close())
	}
	return err
}

func limit(r config.Rate) community.Limit {
	return community.Limit{Count: r.Events, Window: r.Window}
}

// wire opens the services, puts the site together and starts what works in the
// background. What it opens it also registers for closing.
func (a *App) wire(ctx context.Context) (http.Handler, error) {
	followMemoryLimit(a.memoryLimit)
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
	r, err := d.services(ctx, redis, true)
	if err != nil {
		if redis != nil {
			redis.Close()
		}
		return nil, err
	}
	a.onStop("database", func(context.Context) error { return r.Close() })
	a.background("presence", r.presence.Run)
	a.rotateSecrets(r)
	if redis != nil {
		a.connectRedis(redis, r)
	}
	a.log.InfoContext(ctx, "stores", "database", a.cfg.Database.String(), "sessions", a.cfg.SessionStore, "photos", a.cfg.MediaStore)
	a.log.InfoContext(ctx, "photos", "largest_file", config.FormatSize(r.processor.MaxBytes()), "largest_pixels", r.processor.MatrixLimit(), "memory", config.FormatSize(a.cfg.PhotoMemory))
	d.sayWhereMailGoes()
	a.followEvents(r)
	a.background("site", func(ctx context.Context) error {
		r.community.FollowSite(ctx)
		return nil
	})
	a.background("announcements", func(ctx context.Context) error {
		r.community.FollowAnnouncements(ctx)
		return nil
	})
	sqs, err := d.sqs(ctx)
	if err != nil {
		return nil, fmt.Errorf("the queue: %w", err)
	}
	r.waker = d.waker(sqs)
	if a.cfg.ReadOnly {
		a.log.WarnContext(ctx, "READ_ONLY: nothing is written, no job is done here")
	} else {
		a.work(r, sqs)
	}
	a.metrics.watch(r, a.cfg.PhotoMemory)
	a.measure(r)
	if !a.cfg.Web {
		a.openDoctor(r, sqs, nil)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			a.site.Errors.Write(w, req, &web.HTTPError{Status: http.StatusNotFound, Message: lang.Key("This process does jobs only.")})
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
	a.startStreams(r, visible)
	sessions := a.newSessions(r)
	p := a.newPages(r, sessions, assets)
	// The listeners answer before anything is opened, so the site is there already. Its content policy, error page and
	// admission take here what needs the services; until then they go without.
	a.routes = a.site.NewRoutes(web.RouteOptions{
		Middleware: sessions.Middleware(),
		BeforePage: p.Before,
		ErrorPage:  p.ErrorPage,
		Language:   p.LanguageOf,
		Patience:   a.patience,
		Images:     images,
		Assets:     assetOrigins,
	})
	a.site.Admission.KnownDevice(p.KnownDevice)
	clients := a.newAPI(r, assets, visible)
	clients.Register(a.routes)
	a.metrics.watchKeptAnswers(clients.KeptOutcomes())
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
	visitors := web.NewVisitorPages(session.CookieName(a.cfg.Secure()), visible.Count, a.routes.Query, site)
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
	if !r.store.MayReplicate() {
		return nil
	}
	return r.store.WaitForReplicas
}

// followEvents starts to read the events that the other processes of the site write.
func (a *App) followEvents(r *services) {
	a.background("events", func(ctx context.Context) error {
		r.live.Follow(ctx)
		return nil
	})
}

// startStreams starts what tells clients that stay connected of events. The
// sockets are opened by their requests.
func (a *App) startStreams(r *services, visible *community.Visible) {
	streams := community.NewStreams(r.community, community.StreamOptions{Max: a.cfg.MaxStreams, WaitForReplicas: r.waitForReplicas(), Visible: visible, Log: a.log})
	a.background("streams", func(ctx context.Context) error {
		streams.Run(ctx)
		return nil
	})
	a.streams = streams
}

// work tells workers of the jobs that this process commits, and does jobs here if
// the process is a worker. A worker begins a job at once that it has committed
// itself. It hears of others through QUEUE_URL or finds them by the queue's poll.
func (a *App) work(r *services, sqs *queue.SQS) {
	if sqs != nil {
		a.metrics.watchQueue(sqs)
		// Sending ends last, after the jobs that may add others.
		a.background("queue sender", sqs.Send)
		if a.cfg.Worker {
			a.background("queue receiver", sqs.Receive)
		}
	}
	r.store.OnJob(r.waker.Notify)
	if !a.cfg.Worker {
		return
	}
	workers := community.Workers()
	workers[community.ClassPhoto] = a.cfg.JobWorkers
	var awaited []string
	if !a.cfg.Web && !r.waker.Remote() { // other processes take the uploads, and nothing tells this one
		awaited = []string{community.ClassPhoto}
	}
	q := queue.New(queue.Options{
		Backend: community.JobBackend(r.store), Log: a.log, Workers: workers, Waker: r.waker, Awaited: awaited, Observe: a.metrics.job, Trace: traceJobs(a.tracer),
	})
	r.community.RegisterJobs(q)
	q.Start(context.Background()) // ends by Stop, which lets running jobs finish
	a.onStop("jobs", q.Stop)
}

func (a *App) newAPI(r *services, assets *static.Assets, visible *community.Visible) *api.API {
	origin := a.cfg.Origin()
	return api.New(api.Options{
		Community:      r.community,
		Addresses:      r.addresses,
		Log:            a.log,
		BaseURL:        origin,
		Version:        Version,
		DefaultAvatar:  origin + assets.Path("avatar.png"),
		DefaultHeader:  origin + assets.Path("header.png"),
		MaxUploadBytes: a.cfg.MaxUploadBytes,
		MaxPixels:      r.processor.MatrixLimit(),
		Limit:          limit(a.cfg.APILimit),
		Counter:        a.counter(),
		Authenticate:   a.site.Admission.Remember,
		Refused:        a.site.Admission.Forget,
		Known:          a.site.Admission.Knows,
		Generation:     visible.Count,
		TakesGzip:      web.AcceptsGzip,
		Streams:        a.streams,
		Streaming:      a.site.Admission.ReleaseForStream,
	})
}
