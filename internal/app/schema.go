package app

import (
	"context"
	"errors"
	"time"

	"tintype/internal/sleep"
	"tintype/internal/store"
)

const (
	// schemaPoll is how often a process looks whether the schema has come.
	schemaPoll = time.Second
	// moveSays is how often a process that waits for a move says how far that is.
	moveSays = 30 * time.Second
)

// awaitSchema returns once the schema is usable. It waits for a database server
// that does not answer or has no usable schema yet, and, where the schema is to
// change, for the end of a move of the database. It waits for as long as the
// process is not told to stop. Meanwhile the process listens, and /readyz says why
// it is not ready.
func (a *App) awaitSchema(ctx context.Context) error {
	said, last := "", time.Time{}
	for {
		driver, err := a.drivers().prepareSchema(ctx)
		if err == nil {
			a.site.Health.Done("database")
			return nil
		}
		var moved *store.MovedError
		moves := errors.As(err, &moved) && !moved.Elsewhere()
		if ctx.Err() != nil || moved != nil && !moves || driver == "sqlite" && !moves {
			return err
		}
		a.site.Health.Wait("database", err.Error())
		if err.Error() != said || moves && time.Since(last) >= moveSays {
			said, last = err.Error(), time.Now()
			a.log.WarnContext(ctx, "waiting for the database", append([]any{"reason", said}, a.moveProgress(ctx, moves)...)...)
		}
		if err := sleep.For(ctx, schemaPoll); err != nil {
			return err
		}
	}
}

// moveProgress is how far the move is for which the process waits, for the log:
// nothing where it waits for none, or does not know the other place.
func (a *App) moveProgress(ctx context.Context, moves bool) []any {
	if !moves || a.cfg.DatabaseNext == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, err := a.drivers().databaseMove(ctx)
	if err != nil {
		return []any{"error", err}
	}
	return []any{"rows", s.Rows, "copied", s.Copied, "behind", s.Behind}
}
