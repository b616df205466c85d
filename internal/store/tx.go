package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"

	"tintype/internal/budget"
	"tintype/internal/sleep"
)

const (
	txTries = 6
	// lastLook is how long it may take to look what became of a COMMIT, where the time of its transaction is over.
	lastLook = 400 * time.Millisecond
)

type afterCommit struct{ fns []func() }

// committed calls the signals and the functions of AfterCommit. The count comes last: what is read at the new count must not
// come from a value that one of them drops.
func (s *conn) committed(after *afterCommit) {
	for _, fn := range after.fns {
		fn()
	}
	s.signals.commits.Add(1)
}

// AfterCommit runs f once the transaction has committed, for example to wake workers. What must not get lost is a row
// of the transaction instead. Outside a transaction f runs at once.
func (s *conn) AfterCommit(f func()) {
	if s.after == nil {
		f()
		return
	}
	s.after.fns = append(s.after.fns, f)
}

// once is a transaction over all its tries, in one place or two.
type once struct {
	table string // where its own row stands; "" for Tx
	id    int64  // of that row: set at the first try, and anew where another process drew the same
	// lost is of a try whose COMMIT got no answer: it may have been done.
	lost *afterCommit
}

// run is Tx and TxOnce.
func (s *conn) run(ctx context.Context, o *once, f func(context.Context, *Store, int64) error) error {
	if s.tx != nil || ctx.Value(keyInTx) != nil {
		return ErrNestedTx
	}
	if s.cluster != nil {
		if err := mayBegin(ctx); err != nil {
			return err
		}
		if s.cluster.breaker.Away() {
			return ErrPrimaryAway
		}
	}
	if s.readOnly {
		return ErrPrimaryAway
	}
	txctx, cancel := context.WithTimeout(context.WithValue(ctx, keyInTx, true), budget.Left(ctx, s.txTimeout))
	defer cancel()
	// A transaction is one wait, with all its tries. Its statements take from no budget themselves.
	_, charge, done := budget.Take(ctx)
	defer done()
	defer charge()
	txctx = budget.None(txctx)
	rerun := func() {}
	defer func() { rerun() }()
	for try := 1; ; try++ {
		after, stage, err := s.try(txctx, o, f)
		if err == nil {
			s.committed(after)
			return nil
		}
		again := retryable(err)
		var c *ConflictError
		switch {
		case stage == stageCommit && o.table != "":
			if o.lost == nil {
				txctx, rerun = s.afterLoss(context.WithValue(ctx, keyInTx, true))
			}
			o.lost = after
			if done, lookErr := s.landed(ctx, o.table, o.id); lookErr == nil && done {
				s.committed(after)
				return nil
			}
			// Not there yet: the lost COMMIT may still be running, so the same transaction is run again with the
			// same id, under a deadline of its own: whichever comes second meets the first one's row.
			again = true
		case stage == stageCommit:
			again = true
		case o.lost != nil:
			// Whatever stopped the rerun, most likely its own row: what counts is whether the first one is there.
			done, lookErr := s.landed(ctx, o.table, o.id)
			if lookErr == nil && done {
				s.committed(o.lost)
				return nil
			}
			if lookErr != nil {
				again, err = true, lookErr
			}
		case o.table != "" && errors.As(err, &c) && c.Primary && try <= 3:
			if done, lookErr := s.landed(ctx, o.table, o.id); lookErr != nil || !done {
				return translate(err) // the conflict is another table's
			}
			o.id = s.NewID()
			continue
		}
		if s.PrimaryAway() && stage == stageBody && o.lost == nil && errors.Is(translate(err), ErrBusy) {
			return ErrPrimaryAway
		}
		if !again || try >= txTries {
			return translate(err)
		}
		s.log.Debug("transaction runs again", "try", try, "error", err)
		if sleep.For(txctx, pauseAfter(try)) != nil {
			return translate(err)
		}
	}
}

// pauseAfter is how long to wait after so many tries. Those that met wait for different times.
func pauseAfter(try int) time.Duration { return time.Duration(5<<try+rand.IntN(20)) * time.Millisecond }

type txStage int

const (
	stageBody txStage = iota
	stageCommit
)

// try runs f in one transaction; Begin and Commit are by hand because gorm's Transaction does not tell whose
// error it returns.
func (s *conn) try(ctx context.Context, o *once, f func(context.Context, *Store, int64) error) (after *afterCommit, stage txStage, err error) {
	if err := s.learnFloor(ctx); err != nil {
		return nil, stageBody, err
	}
	if o.id == 0 {
		if o.id, err = s.newID(ctx, o.table); err != nil {
			return nil, stageBody, err
		}
	}
	db := s.w.WithContext(ctx).Begin(&sql.TxOptions{Isolation: sql.LevelDefault})
	if db.Error != nil {
		return nil, stageBody, db.Error
	}
	ended := false
	defer func() {
		if !ended { // f panicked
			db.Rollback()
		}
	}()
	tx := &conn{w: s.w, r: s.r, tx: db, dialect: s.dialect, ids: s.ids, log: s.log, after: &afterCommit{}, signals: s.signals, cluster: s.cluster, tracing: s.tracing, statements: s.statements, owners: &photoOwners{}}
	err = f(ctx, &Store{conn: tx}, o.id)
	if err == nil {
		err = tx.drawPhotosVersions(ctx)
	}
	if err != nil {
		ended = true
		db.Rollback()
		return nil, stageBody, err
	}
	ended = true
	markWrote(ctx, s.cluster) // whatever the answer to COMMIT will be
	if err := db.Commit().Error; err != nil {
		db.Rollback()
		if s.dialect.name() == "sqlite" {
			return nil, stageBody, err // no wire on which an answer could get lost: it did not happen
		}
		return tx.after, stageCommit, err
	}
	return tx.after, stageCommit, nil
}

// afterLoss is the context of what follows a COMMIT without an answer. It goes on when the caller has gone, for what is
// left of the same budget.
func (s *conn) afterLoss(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(budget.None(context.WithoutCancel(ctx)), max(budget.Left(ctx, s.txTimeout), lastLook))
}

// landed asks the primary whether the row exists, even when the caller has gone.
func (s *conn) landed(ctx context.Context, table string, id int64) (bool, error) {
	ctx, cancel := s.afterLoss(ctx)
	defer cancel()
	var n int64
	err := s.w.Session(&gorm.Session{NewDB: true, Context: ctx}).Raw(fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE id = ?", table), id).Scan(&n).Error
	return n > 0, translate(err)
}
