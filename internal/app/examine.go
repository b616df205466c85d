package app

import (
	"context"
	"log/slog"
	"os"

	"tintype/internal/backup"
	"tintype/internal/config"
	"tintype/internal/doctor"
	"tintype/internal/store"
	"tintype/static"
)

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
	d.Media, d.MediaErr = opener.media(ctx)
	d.Queue, d.QueueErr = opener.sqs(ctx)
	if cfg.Web && cfg.CacheURL.IsSet() {
		d.Redis, d.RedisErr = opener.redis(ctx)
	}
	if cfg.Web {
		d.Assets, _ = static.New(cfg.StaticBaseURL) // what is embedded cannot be wrong here only
	}
	if signer, err := cfg.MediaSigner(ctx, log); err == nil && signer != nil {
		unused := func() [][]byte { return [][]byte{[]byte("signs nothing here")} }
		d.Addresses, _ = opener.addresses(unused, signer) // nil: not asked for
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
		Config:  d.cfg,
		Schema:  store.NewMigrator(d.storeOptions()).State,
		Backups: func(ctx context.Context) (backup.Archive, error) { return d.backups(ctx, "") },
	}
}
