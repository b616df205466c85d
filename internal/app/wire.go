package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"tintype/internal/store"
)

// wire opens every room with the drivers that the settings chose, and puts the
// site together. What it opens it also registers for closing.
func (a *App) wire(ctx context.Context) (http.Handler, error) {
	limit := memoryLimit()
	followMemoryLimit(limit)
	if err := os.MkdirAll(a.cfg.DataDir, 0o750); err != nil {
		return nil, err
	}
	if _, err := a.cfg.secretKeys(ctx); err != nil {
		return nil, err
	}
	if _, err := a.openStore(ctx); err != nil {
		return nil, err
	}
	routes := a.newRoutes()
	return routes.engine, nil
}

func (a *App) storeOptions() store.Options {
	return store.Options{URL: a.cfg.Database.URL.Value, Log: a.log}
}

// openStore opens the database, with the schema that this release needs.
func (a *App) openStore(ctx context.Context) (*store.Store, error) {
	if err := a.settleSchema(ctx); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, a.storeOptions())
	if err != nil {
		return nil, err
	}
	a.onStop("database", func(context.Context) error { return s.Close() })
	if err := s.Ping(ctx); err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	return s, nil
}

// schemaPoll is how often a process looks whether the schema has come.
const schemaPoll = time.Second

// settleSchema returns once the schema is usable. A database of its own that
// does not answer, or has no schema yet, is waited for: the process listens
// meanwhile, and /readyz says why it is not ready.
func (a *App) settleSchema(ctx context.Context) error {
	m := store.NewMigrator(a.storeOptions())
	own := a.cfg.Database.Driver == "sqlite"
	said := ""
	for {
		var err error
		if a.cfg.Migrate == "auto" {
			err = m.Up(ctx)
		}
		if err == nil {
			var state store.SchemaState
			if state, err = m.State(ctx); err == nil {
				err = state.Usable()
				if err == nil {
					a.health.done("database")
					return nil
				}
				if a.cfg.Migrate != "wait" {
					return fmt.Errorf("the database: %w", err)
				}
			}
		}
		if own || ctx.Err() != nil {
			return fmt.Errorf("the database: %w", err)
		}
		a.health.wait("database", err.Error())
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
