package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/awsconfig"
	"tintype/internal/backup"
	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/live"
	"tintype/internal/mail"
	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/telemetry"
)

// drivers opens the parts of a site, each with the driver that its setting
// names: one small method for each part.
type drivers struct {
	cfg     *config.Config
	log     *slog.Logger
	tracer  *telemetry.Tracer // nil: nothing is traced
	metrics *metrics          // nil: nothing is counted
	proof   *databaseProof    // nil where no move asks for it
	// stored names some photos of a kind that the database knows; nil before there is one.
	stored func(context.Context, media.Kind) []string
}

func (a *App) drivers() drivers {
	return drivers{cfg: a.cfg, log: a.log, tracer: a.tracer, metrics: a.metrics}
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
func (d drivers) sessions(ctx context.Context, db *store.Store) (session.Movable, error) {
	return d.sessionsAt(ctx, db, d.cfg.SessionPlace())
}

// sessionsNext is the place that SESSION_NEXT names, nil where it names none.
func (d drivers) sessionsNext(ctx context.Context, db *store.Store) (session.Movable, error) {
	if d.cfg.SessionNext == nil {
		return nil, nil
	}
	return d.sessionsAt(ctx, db, *d.cfg.SessionNext)
}

func (d drivers) sessionsAt(ctx context.Context, db *store.Store, place config.SessionPlace) (session.Movable, error) {
	switch place.Driver {
	case "sql":
		return session.NewSQL(db), nil
	case "dynamodb":
		c, err := d.aws(ctx)
		if err != nil {
			return nil, err
		}
		return session.NewDynamo(c, place.Table), nil
	}
	return nil, fmt.Errorf("no driver keeps sessions in %q", place.Driver)
}

// prepareSchema migrates where the settings say so. It returns an error if this
// release cannot work on the schema, a store.MovedError if that may change once
// a move of the database is over. The driver is that of the database that it was
// about.
func (d drivers) prepareSchema(ctx context.Context) (driver string, err error) {
	m, driver, err := d.schemaInCharge(ctx)
	if err == nil && d.cfg.Migrate == "auto" {
		err = m.Up(ctx)
	}
	var state store.SchemaState
	if err == nil {
		state, err = m.State(ctx)
	}
	if err == nil {
		err = state.Usable()
	}
	if err != nil {
		err = fmt.Errorf("the database: %w", err)
	}
	return driver, err
}

// schemaInCharge is the schema of the database in which the site is: of that in
// DATABASE_NEXT, where it has moved there.
func (d drivers) schemaInCharge(ctx context.Context) (m *store.Migrator, driver string, err error) {
	m, driver = store.NewMigrator(d.storeOptions()), d.cfg.Database.Driver
	if d.cfg.DatabaseNext == nil {
		return m, driver, nil
	}
	asking, cancel := context.WithTimeout(ctx, startPatience) // it may hang, and the site be in the other one
	defer cancel()
	err = m.CheckInCharge(asking)
	var moved *store.MovedError
	switch {
	case errors.As(err, &moved) && moved.Elsewhere():
		return store.NewMigrator(d.nextStoreOptions()), d.cfg.DatabaseNext.Driver, nil
	case moved != nil: // only a change of the schema waits for that
		err = nil
	case d.startsInNext(ctx):
		return store.NewMigrator(d.nextStoreOptions()), d.cfg.DatabaseNext.Driver, nil
	case err != nil:
		err = fmt.Errorf("DATABASE_URL does not answer, and DATABASE_NEXT does not say that the site has moved there, so nobody knows where the site is: %w", err)
	}
	return m, driver, err
}

// media is the place of photos that the setting names.
func (d drivers) media(ctx context.Context) (media.Store, error) {
	return d.mediaAt(ctx, d.cfg.MediaPlace())
}

// mediaNext is the place that MEDIA_NEXT names, nil where it names none.
func (d drivers) mediaNext(ctx context.Context) (media.Store, error) {
	if d.cfg.MediaNext == nil {
		return nil, nil
	}
	return d.mediaAt(ctx, *d.cfg.MediaNext)
}

func (d drivers) mediaAt(ctx context.Context, place config.MediaPlace) (media.Store, error) {
	switch place.Driver {
	case "disk":
		disk, err := media.NewDisk(place.Dir)
		if err != nil {
			return nil, err // and no nil driver
		}
		return disk, nil
	case "s3":
		return d.bucket(ctx, place)
	}
	return nil, fmt.Errorf("no driver keeps photos in %q", place.Driver)
}

func (d drivers) bucket(ctx context.Context, place config.MediaPlace) (media.Store, error) {
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	if place.Region != "" {
		c.Region = place.Region
	}
	awsconfig.LimitWait(&c, 15*time.Second)
	o := media.S3Options{Bucket: place.Bucket, Prefix: place.Prefix, PathStyle: d.cfg.MediaPathStyle, ReadOnly: d.cfg.ReadOnly, Stored: d.stored}
	if d.cfg.MediaEncryption != "bucket" {
		o.Encryption = d.cfg.MediaEncryption
	}
	return media.NewS3(c, o), nil
}

// addresses decides where readers fetch photos.
func (d drivers) addresses(keys func() [][]byte, signer *config.Rotating[*media.Signer], membersOnly func() bool) (*media.Addresses, error) {
	o := media.AddressOptions{BaseURL: d.cfg.Origin(), MediaBaseURL: d.cfg.MediaBaseURL, MembersOnly: membersOnly, Keys: keys}
	if signer != nil {
		o.Signer = signer.Now
	}
	return media.NewAddresses(o)
}

// cdn is the CDN that is told which photos are gone, nil where none is.
func (d drivers) cdn(ctx context.Context) (community.CDN, error) {
	if d.cfg.MediaDistribution == "" {
		return nil, nil
	}
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(d.cfg.MediaBaseURL)
	if err != nil {
		return nil, fmt.Errorf("MEDIA_BASE_URL: %w", err)
	}
	return media.NewEdges(c, d.cfg.MediaDistribution, u.Path), nil
}

// presigner is the store if readers are redirected to it (MEDIA_S3_REDIRECT), else
// nil.
func (d drivers) presigner(s media.Store) media.Presigner {
	if !d.cfg.MediaRedirect {
		return nil
	}
	p, _ := media.As[media.Presigner](s)
	return p
}

// contentOrigins are the origins beside the site's own from which pages load
// photos and static files.
func (d drivers) contentOrigins(ctx context.Context, photos media.Store) (images, assets []string, err error) {
	for _, cdn := range []struct {
		address string
		origins *[]string
	}{{d.cfg.MediaBaseURL, &images}, {d.cfg.StaticBaseURL, &assets}} {
		if u, err := url.Parse(cdn.address); err == nil && u.Host != "" {
			*cdn.origins = append(*cdn.origins, u.Scheme+"://"+u.Host)
		}
	}
	if bucket := d.presigner(photos); bucket != nil {
		origins, err := bucket.Origins(ctx)
		if err != nil {
			return nil, nil, err
		}
		images = append(images, origins...)
	}
	return images, assets, nil
}

// cached is the cache of what many ask for, nil where there is no Redis. A process
// alone has none: decoding a page of posts costs it more than reading the page from
// the database, and visitors' pages are kept whole anyway.
func (d drivers) cached(redis *cache.Redis, hub *live.Hub) *community.Cached {
	if redis == nil || !d.cfg.Web {
		return nil
	}
	kept := cache.New(cache.Options{Redis: redis, Window: d.cfg.ReplicaMaxLag + 10*time.Second, Log: d.log})
	if d.metrics != nil {
		d.metrics.watchCache(kept)
	}
	return community.NewCached(kept, hub, d.log)
}

// redisPatience is how long a start waits for a Redis that may be there.
const redisPatience = 2 * time.Second

// redis connects, and waits redisPatience for an answer. A Redis that does not
// answer is no error. The result is nil where CACHE_URL names none.
func (d drivers) redis(ctx context.Context) (*cache.Redis, error) {
	if d.cfg.Cache() == "memory" {
		return nil, nil
	}
	redis, err := cache.NewRedis(ctx, d.cfg.CacheURL.Value, d.log)
	if err != nil {
		return nil, fmt.Errorf("CACHE_URL: %w", err)
	}
	redis.Trace(traceCalls(d.tracer, "redis"))
	wait, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	redis.Ready(wait)
	return redis, nil
}

// mail is what takes the site's mail, nil where there is no place for it.
func (d drivers) mail() mail.Sender {
	switch d.cfg.Mail() {
	case "smtp":
		return d.smtp()
	case "files":
		return mail.NewFiles(d.cfg.MailFolder(), d.cfg.MailFrom)
	}
	return nil
}

// smtp is the server of SMTP_URL, nil where none is named.
func (d drivers) smtp() *mail.SMTP {
	if !d.cfg.SMTPURL.IsSet() {
		return nil
	}
	return mail.NewSMTP(mail.SMTPOptions{URL: d.cfg.SMTPURL.Value, Shown: d.cfg.SMTPShown, From: d.cfg.MailFrom, Host: d.cfg.BaseURL.Hostname()})
}

// sayWhereMailGoes tells whoever runs the site what becomes of its mail, where that is not a server.
func (d drivers) sayWhereMailGoes() {
	switch d.cfg.Mail() {
	case "files":
		d.log.Info("SMTP_URL is not set: mail is kept as files, and reaches nobody", "folder", d.cfg.MailFolder())
	case "none":
		d.log.Warn("SMTP_URL is not set, and STATELESS keeps nothing on this machine: no mail is written")
	}
}

// sqs is nil where the database alone is the queue.
func (d drivers) sqs(ctx context.Context) (*queue.SQS, error) {
	if d.cfg.Queue() == "sql" {
		return nil, nil
	}
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	return queue.NewSQS(c, d.cfg.QueueURL, d.log), nil
}

// waker is what tells workers of jobs: SQS, else a signal in this process.
func (d drivers) waker(sqs *queue.SQS) queue.Waker {
	if sqs == nil {
		return queue.NewSignal()
	}
	return sqs
}

// backups is the archive that text names, or BACKUP_TO if text is empty.
func (d drivers) backups(ctx context.Context, text string) (backup.Archive, error) {
	if text == "" {
		text = d.cfg.BackupTo
	}
	if text == "" {
		return nil, errors.New("where are the backups? Set BACKUP_TO to a folder or s3://bucket/prefix, or give it by --to")
	}
	bucket, path, err := config.BucketPath(text)
	if err != nil {
		return nil, err
	}
	if bucket == "" {
		dir, err := filepath.Abs(text)
		return backup.Folder{Dir: dir}, err
	}
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	awsconfig.LimitWait(&c, time.Minute)
	return backup.NewBucket(c, bucket, path, d.cfg.MediaPathStyle), nil
}

// aws loads the configuration that all clients of AWS share.
func (d drivers) aws(ctx context.Context) (aws.Config, error) {
	o := awsconfig.Options{Region: d.cfg.AWSRegion, Log: d.log}
	if d.tracer != nil {
		o.Trace = traceAWS(d.tracer)
	}
	c, err := awsconfig.Load(ctx, o)
	if err != nil {
		return c, fmt.Errorf("AWS: %w", err)
	}
	return c, nil
}
