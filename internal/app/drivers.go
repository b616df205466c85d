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
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tintype/internal/awsconfig"
	"tintype/internal/backup"
	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/telemetry"
)

// drivers opens the parts of a site, each with the driver that its setting
// names: one small method a setting.
type drivers struct {
	cfg     *config.Config
	log     *slog.Logger
	tracer  *telemetry.Tracer // nil: nothing is traced
	metrics *metrics          // nil: nothing is counted
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

// prepareSchema migrates where the settings say so, and tells whether this
// release can work on the schema.
func (d drivers) prepareSchema(ctx context.Context) error {
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

// media chooses where photos live. What is asked of the store is counted.
func (d drivers) media(ctx context.Context) (media.Store, error) {
	s, err := d.mediaDriver(ctx)
	switch {
	case err != nil:
		return nil, err // and no nil driver
	case d.metrics == nil:
		return s, nil
	}
	return countedMedia{s, d.metrics.mediaIO}, nil
}

func (d drivers) mediaDriver(ctx context.Context) (media.Store, error) {
	switch d.cfg.MediaStore {
	case "disk":
		return media.NewDisk(d.cfg.MediaDir)
	case "s3":
		c, err := d.aws(ctx)
		if err != nil {
			return nil, err
		}
		awsconfig.LimitWait(&c, 15*time.Second)
		o := media.S3Options{Bucket: d.cfg.MediaBucket, Prefix: d.cfg.MediaPrefix, PathStyle: d.cfg.MediaPathStyle, ReadOnly: d.cfg.ReadOnly}
		if d.cfg.MediaEncryption != "bucket" {
			o.Encryption = d.cfg.MediaEncryption
		}
		return media.NewS3(c, o), nil
	default:
		return nil, fmt.Errorf("no driver for MEDIA_STORE=%s", d.cfg.MediaStore)
	}
}

// addresses decides where readers fetch photos.
func (d drivers) addresses(keys func() [][]byte, signer *config.Rotating[*media.Signer]) (*media.Addresses, error) {
	o := media.AddressOptions{BaseURL: d.cfg.Origin(), MediaBaseURL: d.cfg.MediaBaseURL, MembersOnly: d.cfg.Visitors.MembersOnly(), Keys: keys}
	if signer != nil {
		o.Signer = signer.Now
	}
	return media.NewAddresses(o)
}

// cdn is what has to hear of photos that are gone, nil where nobody has.
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

// presigner is the store where readers are sent to it, else nil.
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
		origin, err := bucket.Origin(ctx)
		if err != nil {
			return nil, nil, err
		}
		images = append(images, origin)
	}
	return images, assets, nil
}

// cached chooses where what many ask for is kept: Redis, or nothing. To take a
// page of posts out of its bytes costs a process more than to read it from the
// database, and visitors' pages are kept whole anyway.
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

// redis connects, and waits a moment for that. One that does not answer is no
// error. It is nil where CACHE_URL names none.
func (d drivers) redis(ctx context.Context) (*cache.Redis, error) {
	if !d.cfg.CacheURL.IsSet() {
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

// sqs is nil where the database alone is the queue.
func (d drivers) sqs(ctx context.Context) (*queue.SQS, error) {
	if d.cfg.QueueURL == "" {
		return nil, nil
	}
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	return queue.NewSQS(sqs.NewFromConfig(c), d.cfg.QueueURL, d.log), nil
}

// backups is where backups are kept: what text says, else BACKUP_TO.
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

// aws loads what the clients of AWS go by.
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
