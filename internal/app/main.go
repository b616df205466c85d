package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/backup"
	"tintype/internal/command"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/doctor"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/internal/web"
)

// Version is the release. A build may name its own:
// -ldflags "-X tintype/internal/app.Version=1.4.0".
var Version = "0.1.0"

// Main runs the command that the program was started with and returns its exit status.
func Main() int {
	return command.Main(context.Background(), command.Environment{
		Args:    os.Args[1:],
		Lookup:  os.LookupEnv,
		Environ: os.Environ(),
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	}, program())
}

// program is what the commands work with.
func program() command.Program {
	return command.Program{
		Version:    Version,
		LogHandler: web.LogHandler,
		Serve: func(ctx context.Context, cfg *config.Config, log *slog.Logger, out io.Writer) error {
			return New(cfg, log, out).Run(ctx)
		},
		Alive:     alive,
		Community: openCommunity,
		Migrator: func(cfg *config.Config, log *slog.Logger) *store.Migrator {
			return store.NewMigrator(drivers{cfg: cfg, log: log}.storeOptions())
		},
		AWS: func(ctx context.Context, cfg *config.Config, log *slog.Logger) (aws.Config, error) {
			return drivers{cfg: cfg, log: log}.aws(ctx)
		},
		BackupArchive: func(ctx context.Context, cfg *config.Config, log *slog.Logger, where string) (backup.Archive, error) {
			return drivers{cfg: cfg, log: log}.backups(ctx, where)
		},
		Moves: openMoves,
		Day:   openDay,
		MediaNext: func(ctx context.Context, cfg *config.Config, log *slog.Logger) (media.Store, error) {
			return drivers{cfg: cfg, log: log}.mediaNext(ctx)
		},
		Examine: func(ctx context.Context, cfg *config.Config) (*doctor.Diagnosis, func()) {
			return examine(ctx, cfg, slog.New(slog.DiscardHandler)) // what fails is said by the checks
		},
	}
}

// openCommunity opens the site for one command, beside a server that may run.
func openCommunity(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *community.Community, closeAll func() error, err error) {
	d := drivers{cfg: cfg, log: log}
	if _, err := d.prepareSchema(ctx); err != nil {
		return nil, nil, err
	}
	r, err := d.services(ctx, nil, false)
	if err != nil {
		return nil, nil, err
	}
	return r.community, r.Close, nil
}

// alive asks the site that runs on this machine, by no proxy of HTTP_PROXY's.
func alive(ctx context.Context, cfg *config.Config, ready bool) error {
	port, host := cfg.Port, cfg.ListenAddr
	if cfg.TLS() {
		port = cfg.HTTPPort
	}
	if host == "" {
		host = "127.0.0.1"
	}
	path := "/livez"
	if ready {
		path = "/readyz"
	}
	address := web.OwnAddress(&net.TCPAddr{IP: net.ParseIP(host), Port: port})
	return web.Alive(ctx, &http.Client{Transport: &http.Transport{}}, "http://"+address+path)
}
