// Package store keeps the data that must be true: models, SQL, transactions and the choice between primary and replica.
// One implementation serves two dialects, SQLite and MySQL (or MariaDB, Aurora); dialect.go holds their differences.
// All SQL of the project is here.
package store

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"time"

	"gorm.io/gorm"

	"tintype/internal/budget"
)

// Store is the database. Reads on the Store itself may come from a replica. On the Store that Tx passes to its function
// they belong to the transaction. Every context must carry a deadline.
//
// Its methods are those of conn, and methods.go is generated from them: while the site can move, they run in the place
// that is in charge.
type Store struct {
	*conn          // of the only place, or the one that the settings name first
	places *places // nil where there is only one
}

// conn is one database. Nothing in it changes once it is open.
type conn struct {
	w, r       *gorm.DB // the primary, and what reads without a mark use
	tx         *gorm.DB // set inside a transaction
	dialect    dialect
	ids        *ids
	log        *slog.Logger
	txTimeout  time.Duration
	after      *afterCommit // set inside a transaction
	signals    *signals
	cluster    *cluster        // nil without replicas
	breaker    *budget.Breaker // of a lone MySQL, else nil
	readOnly   bool            // nothing is written
	tracing    *Tracing        // nil: nobody is told
	statements *statementCounts
	disk       *readerDisk  // under readers
	readers    *sql.DB      // SQLite's, else nil: r's pool, for page
	shown      *photoCache  // nil inside a transaction
	owners     *photoOwners // set inside a transaction
	inUse      *os.File     // SQLite's: says that the database is open
}

// NewID draws an id that no other process is likely to draw. TxOnce handles the case that one did.
func (s *conn) NewID() int64 { return s.ids.draw() }

// Dialect is "sqlite" or "mysql".
func (s *conn) Dialect() string { return s.dialect.name() }

type ctxKey int

const (
	keyPrimary ctxKey = iota
	keyInTx
	keyAgain // a look-up that a replica answered with nothing
)

type primaryMark int

const (
	markPrimary primaryMark = iota + 1
	markWhileThere
)

// Primary marks the context: reads under it are answered by the primary.
func Primary(ctx context.Context) context.Context {
	return context.WithValue(ctx, keyPrimary, markPrimary)
}

// PrimaryWhileThere is Primary for reads that must go on while the primary is away (see PrimaryAway): those of sessions
// and tokens. Then the most advanced replica answers.
func PrimaryWhileThere(ctx context.Context) context.Context {
	return context.WithValue(ctx, keyPrimary, markWhileThere)
}

// read is the one place that chooses the server of a read. With replicas it leaves the choice to the cluster, which
// makes it for each statement by its context.
func (s *conn) read(ctx context.Context) *gorm.DB {
	switch {
	case s.tx != nil:
		return s.tx.WithContext(ctx)
	default: // s.r is s.w on a lone MySQL; SQLite's readers see every commit at once, so none waits for the primary
		return s.r.WithContext(ctx)
	}
}

// write is the transaction, or the primary for a single statement. Where nothing may be written, the statement fails.
func (s *conn) write(ctx context.Context) *gorm.DB {
	if s.tx != nil {
		return s.tx.WithContext(ctx)
	}
	db := s.w.WithContext(ctx)
	if s.readOnly {
		_ = db.AddError(ErrPrimaryAway)
		return db
	}
	if s.cluster != nil {
		if s.cluster.breaker.Away() {
			_ = db.AddError(ErrPrimaryAway) // and nothing was written that its client would have to read
		} else {
			markWrote(ctx, s.cluster)
		}
	}
	return db
}

// Ping checks that the primary answers.
func (s *conn) Ping(ctx context.Context) error {
	var one int
	return translate(s.w.WithContext(ctx).Raw("SELECT 1").Scan(&one).Error)
}

// Now is the primary's clock. Leases and periodic jobs are measured by it.
func (s *conn) Now(ctx context.Context) (Millis, error) {
	var ms int64
	err := s.read(Primary(ctx)).Raw("SELECT " + s.dialect.nowMillis()).Scan(&ms).Error
	return Millis(ms), translate(err)
}

// Close closes every connection.
func (s *conn) Close() error {
	if _, ok := s.dialect.(mysqlDialect); ok {
		if s.cluster != nil {
			s.cluster.close()
		}
		if s.breaker != nil {
			s.breaker.Close()
		}
		// Only the goodbye fails here, on a connection that had ended before, unused: all that was asked has been
		// answered.
		_ = s.SQL().Close()
		return nil
	}
	var first error
	if s.inUse != nil {
		defer s.inUse.Close()
	}
	if s.disk != nil {
		defer s.disk.breaker.Close()
	}
	for _, db := range []*gorm.DB{s.r, s.w} {
		c, err := db.DB()
		if err == nil {
			err = c.Close()
		}
		if err != nil && first == nil {
			first = err
		}
	}
	return first
}

// SQL returns the primary's pool, for tools that move or check whole databases. Features do not use it.
func (s *conn) SQL() *sql.DB {
	db, err := s.w.DB()
	if err != nil {
		panic(err) // the pool is set at Open
	}
	return db
}

// first scans one row into dst. Where a replica has no such row, the primary is asked: see lookUp.
func first(db *gorm.DB, dst any) error {
	db = db.Session(&gorm.Session{}) // each try starts from the same conditions
	return lookUp(db.Statement.Context, func(ctx context.Context) error {
		res := db.WithContext(ctx).Limit(1).Find(dst)
		if res.Error != nil {
			return translate(res.Error)
		}
		if res.RowsAffected == 0 {
			return ErrNotFound
		}
		return nil
	})
}

// nowMillis is this process's clock, for times that people read.
func nowMillis() Millis { return ToMillis(time.Now()) }
