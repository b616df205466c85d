package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"
)

const txTries = 6

type afterCommit struct{ fns []func() }

// committed calls the signals and the functions of AfterCommit.
func (s *Store) committed(after *afterCommit) {
	s.signals.commits.Add(1)
	for _, fn := range after.fns {
		fn()
	}
}

// AfterCommit runs f once the transaction has committed, for example to wake workers. What must not get lost is a row
// of the transaction instead. Outside a transaction f runs at once.
func (s *Store) AfterCommit(f func()) {
	if s.after == nil {
		f()
		return
	}
	s.after.fns = append(s.after.fns, f)
}

// Tx runs f in a transaction on the primary. When the database asks for it (deadlock, failover, a lost connection) the
// whole f runs again, so it must change nothing but tx. A Tx inside a Tx is ErrNestedTx. If the answer to COMMIT is
// lost, f runs once more; where that would do harm, use TxOnce.
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context, tx *Store) error) error {
	var none int64
	return s.run(ctx, "", func(ctx context.Context, tx *Store, _ int64) error { return f(ctx, tx) }, &none)
}

// TxOnce is Tx for what must happen once. f inserts a row with the given id as primary key of the table. The id is
// drawn before the first try and stays the same. If the answer to COMMIT is lost, TxOnce looks the id up on the primary
// to learn what happened. If another process drew the same id, the first try is repeated with a new one. It returns the
// id of the row.
func (s *Store) TxOnce(ctx context.Context, table string, f func(ctx context.Context, tx *Store, id int64) error) (int64, error) {
	var id int64
	err := s.run(ctx, table, f, &id)
	return id, err
}

// run is Tx and TxOnce: id is set at the first try, and anew where another process drew the same.
func (s *Store) run(ctx context.Context, table string, f func(context.Context, *Store, int64) error, id *int64) error {
	if s.tx != nil || ctx.Value(keyInTx) != nil {
		return ErrNestedTx
	}
	if s.cluster != nil {
		if err := mayBegin(ctx); err != nil {
			return err
		}
		if s.cluster.away.Load() {
			return ErrWriterAway
		}
	}
	if s.readOnly {
		return ErrWriterAway
	}
	txctx, cancel := context.WithTimeout(context.WithValue(ctx, keyInTx, true), s.txTimeout)
	defer cancel()
	var lost *afterCommit // of a try whose COMMIT got no answer: it may have been done
	for try := 1; ; try++ {
		after, stage, err := s.once(txctx, f, id)
		if err == nil {
			s.committed(after)
			return nil
		}
		again := retryable(err)
		var c *ConflictError
		switch {
		case stage == stageCommit && table != "":
			lost = after
			if done, lookErr := s.landed(ctx, table, *id); lookErr == nil && done {
				s.committed(after)
				return nil
			}
			// Not there yet: the lost COMMIT may still be running, so the same transaction is run again with the
			// same id, under a deadline of its own: whichever comes second meets the first one's row.
			again = true
			var cancel context.CancelFunc
			txctx, cancel = context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), keyInTx, true), s.txTimeout)
			defer cancel()
		case stage == stageCommit:
			again = true
		case lost != nil:
			// Whatever stopped the rerun, most likely its own row: what counts is whether the first one is there.
			done, lookErr := s.landed(ctx, table, *id)
			if lookErr == nil && done {
				s.committed(lost)
				return nil
			}
			if lookErr != nil {
				again, err = true, lookErr
			}
		case table != "" && errors.As(err, &c) && c.Primary && try <= 3:
			if done, lookErr := s.landed(ctx, table, *id); lookErr != nil || !done {
				return translate(err) // the conflict is another table's
			}
			*id = s.NewID()
			continue
		}
		if !again || try >= txTries {
			return translate(err)
		}
		s.log.Debug("transaction runs again", "try", try, "error", err)
		select {
		case <-txctx.Done():
			return translate(err)
		case <-time.After(time.Duration(5<<try+rand.IntN(20)) * time.Millisecond):
		}
	}
}

type txStage int

const (
	stageBody txStage = iota
	stageCommit
)

// once runs f in one transaction; Begin and Commit are by hand because gorm's Transaction does not tell whose
// error it returns.
func (s *Store) once(ctx context.Context, f func(context.Context, *Store, int64) error, id *int64) (after *afterCommit, stage txStage, err error) {
	if err := s.learnFloor(ctx); err != nil {
		return nil, stageBody, err
	}
	if *id == 0 {
		*id = s.NewID()
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
	tx := &Store{w: s.w, r: s.r, tx: db, dialect: s.dialect, ids: s.ids, log: s.log, after: &afterCommit{}, signals: s.signals, cluster: s.cluster, tracing: s.tracing}
	if err := f(ctx, tx, *id); err != nil {
		ended = true
		db.Rollback()
		return nil, stageBody, err
	}
	ended = true
	markWrote(ctx) // whatever the answer to COMMIT will be
	if err := db.Commit().Error; err != nil {
		db.Rollback()
		if s.dialect.name() == "sqlite" {
			return nil, stageBody, err // no wire on which an answer could get lost: it did not happen
		}
		return tx.after, stageCommit, err
	}
	return tx.after, stageCommit, nil
}

// landed asks the primary whether the row exists, even when the caller has gone.
func (s *Store) landed(ctx context.Context, table string, id int64) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.txTimeout)
	defer cancel()
	var n int64
	err := s.w.Session(&gorm.Session{NewDB: true, Context: ctx}).Raw(fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE id = ?", table), id).Scan(&n).Error
	return n > 0, translate(err)
}
