package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/internal/budget"
	"tintype/internal/sleep"
)

// ErrPrimaryAway is the ErrBusy of a site whose primary does not answer while replicas may: it can be read but not
// written.
var ErrPrimaryAway error = primaryAway{}

type primaryAway struct{}

func (primaryAway) Error() string        { return "store: the primary is away, the site can only be read" }
func (primaryAway) Is(target error) bool { return target == ErrBusy }

// errFallbackFull refuses a read that no replica may answer while too many such reads are on the primary already: a
// lagging replica must not overload the primary.
var errFallbackFull = &busyError{"store: too many reads fall back to the primary"}

type busyError struct{ text string }

func (e *busyError) Error() string        { return e.text }
func (e *busyError) Is(target error) bool { return target == ErrBusy }

const (
	// slotPatience is how long a read waits for a slot on the primary.
	slotPatience = 250 * time.Millisecond
	// pinPatience is how long a replica may take to tell a request how far it has come.
	pinPatience = 500 * time.Millisecond
	// pinTries is how many addresses a request with a position asks.
	pinTries = 3
	// recheckPatience is how long a primary that is away may take to answer after all. One that is there takes a few
	// milliseconds.
	recheckPatience = 60 * time.Millisecond
	// positionGrace is added to the largest allowed lag for a position's life.
	positionGrace = 10 * time.Second
)

// A cluster is a primary with replicas. It chooses which of them answers a read, and knows their health. It is the
// ConnPool of gorm behind Store.read.
type cluster struct {
	primary *sql.DB         // the same pool that writes
	breaker *budget.Breaker // of the primary
	monitor *sql.DB         // one connection to the primary, for the clock

	endpoints []*endpoint
	maxLag    time.Duration
	slots     chan struct{} // reads that may go to the primary instead of a replica
	log       *slog.Logger
	holder    string // this process as a holder of the clock's lease
	traced    bool   // statements are told of, with the reason
	watches   bool   // it only looks at the clock and never raises it
	leads     bool   // it holds the lease; the clock's loop alone uses this

	floor  atomic.Int64 // no replica is read that has not reached this Position; 0: any is
	taking struct {
		sync.Mutex
		at time.Time // when the place was taken over; the zero time where it was not
	}

	version atomic.Int64 // the clock's, at the last poll; 0 before the first
	movedAt atomic.Int64 // UnixNano of when the version last changed
	awayAt  atomic.Int64 // UnixNano of when the primary fell silent at last
	next    atomic.Uint64

	counts readCounts
	stop   context.CancelFunc
	ended  sync.WaitGroup
}

// QueryContext runs a read where the context says, on the time of its request's budget.
func (c *cluster) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return queryBounded(ctx, func(ctx context.Context) (*sql.Rows, error) { return c.read(ctx, q, args) })
}

// read chooses the server of a read.
func (c *cluster) read(ctx context.Context, q string, args []any) (*sql.Rows, error) {
	r := readsOf(ctx)
	mark, _ := ctx.Value(keyPrimary).(primaryMark)
	switch {
	case mark == markWhileThere:
		return c.whileThere(ctx, q, args)
	case mark == markPrimary || r == nil:
		return c.onPrimary(ctx, reasonMarked, q, args)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return c.onPrimary(ctx, reasonMarked, q, args)
	}
	r.goBy(c)
	r.floor = Position(c.floor.Load())
	switch {
	case ctx.Value(keyAgain) != nil:
		return c.fallBack(ctx, r, reasonNotFound, q, args)
	case r.stay == reasonWrote:
		return c.onPrimary(ctx, reasonWrote, q, args) // no cap: what was done is done, and its answer is due
	case r.stay != "":
		return c.fallBack(ctx, r, r.stay, q, args)
	case r.need() != 0 && (!c.breaker.Away() || c.probePrimary(ctx, r)):
		return c.fromPosition(ctx, r, q, args)
	}
	return c.anywhere(ctx, r, q, args)
}

// probePrimary reports whether the primary is there after all, for a request whose client has written since this process last
// heard of it: another process may know more.
func (c *cluster) probePrimary(ctx context.Context, r *Reads) bool {
	if r.probed || int64(r.brought) <= c.version.Load()+positionMargin {
		return false
	}
	r.probed = true
	patience := recheckPatience
	// Where the clock was when the primary fell silent. What is later by far was written since: it must be back.
	silent := c.version.Load() + time.Duration(c.awayAt.Load()-c.movedAt.Load()).Milliseconds()
	if p := int64(r.brought); r.brought != PositionPrimary && p > silent+2*positionMargin {
		patience = pollPatience
	}
	return c.breaker.Recheck(ctx, patience)
}

// greet raises the clock of a primary that was away before anybody writes again: a position made then is later than any
// that was made before, by which processes that have not reached the primary yet learn that it is back.
func (c *cluster) greet(ctx context.Context, conn driver.ExecerContext) error {
	if c.watches || !c.breaker.Away() {
		return nil
	}
	_, err := conn.ExecContext(ctx, "UPDATE replication_clock SET version = GREATEST(version + 1, "+clockNow+") WHERE id = 1", nil)
	if err != nil && readOnly(err) {
		return nil
	}
	return err
}

// wentAway is called when the primary falls silent, or refuses.
func (c *cluster) wentAway(err error) {
	c.awayAt.Store(time.Now().UnixNano())
	c.log.Error("the primary is away: the site can only be read", "error", err)
}

// cameBack is called when it answers again.
func (c *cluster) cameBack() { c.log.Info("the primary is back") }

// onPrimary asks the primary, or fails at once while it is away.
func (c *cluster) onPrimary(ctx context.Context, why reason, q string, args []any) (*sql.Rows, error) {
	if c.breaker.Away() {
		return nil, ErrPrimaryAway
	}
	c.counts.primary(why).Add(1)
	if c.traced {
		ctx = context.WithValue(ctx, whyKey{}, why)
	}
	return c.primary.QueryContext(ctx, q, args...)
}

// fallBack asks the primary for what no replica may answer, if a slot is free. A request keeps its slot until it is
// answered; whoever stays connected after that, for hours perhaps, gives it back with each question.
func (c *cluster) fallBack(ctx context.Context, r *Reads, why reason, q string, args []any) (*sql.Rows, error) {
	if c.breaker.Away() {
		return nil, ErrPrimaryAway
	}
	if !r.slot && !c.tookOver() {
		timer := time.NewTimer(slotPatience)
		defer timer.Stop()
		select {
		case c.slots <- struct{}{}:
			r.slot = true
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			c.counts.refused.Add(1)
			return nil, errFallbackFull
		}
	}
	if r.answered {
		defer r.letGo()
	}
	return c.onPrimary(ctx, why, q, args)
}

// fromPosition asks the replica that the request holds, or finds one that has reached its position.
func (c *cluster) fromPosition(ctx context.Context, r *Reads, q string, args []any) (*sql.Rows, error) {
	why := reasonBehind
	for range 2 {
		if r.conn != nil && r.reached < r.need() { // it was taken before the position was known
			r.unpin()
		}
		if r.conn == nil {
			if why = c.pin(ctx, r); r.conn == nil {
				break
			}
		}
		rows, err := r.conn.QueryContext(ctx, q, args...)
		if err == nil {
			r.endpoint.reads.Add(1)
			r.replica++
			return rows, nil
		}
		if ctx.Err() != nil || !elsewhere(err) {
			return nil, err
		}
		why = reasonFailed
		r.endpoint.lookAgain()
		r.unpin()
	}
	// A request that has been on the primary stays there, or it would see two states of the site.
	r.stay = why
	return c.fallBack(ctx, r, why, q, args)
}

// pin reserves for the request a connection to a replica that has reached its position.
func (c *cluster) pin(ctx context.Context, r *Reads) reason {
	why := reasonUnhealthy
	tries := 0
	for _, e := range c.mostAdvanced() {
		if e.surelyBehind(r.need()) {
			why = reasonBehind
			continue
		}
		if tries++; tries > pinTries {
			break
		}
		conn, version, err := e.ask(ctx)
		if err != nil {
			why = reasonFailed
			e.lookAgain()
			continue
		}
		if version >= int64(r.need()) {
			r.conn, r.endpoint, r.reached = conn, e, r.need()
			return ""
		}
		conn.Close()
		why = reasonBehind
	}
	return why
}

// anywhere asks any healthy replica, and the same server for the rest of the request: with two that are not equally far
// a post could appear without its photos, or a row found on one be missing on the other. While the primary is away it
// starts with the most advanced replica.
func (c *cluster) anywhere(ctx context.Context, r *Reads, q string, args []any) (*sql.Rows, error) {
	if r.answered {
		// What is read now is for whoever stays connected, for hours perhaps, and must not hold a connection.
		rows, why, err := c.onReplica(ctx, r, q, args)
		if rows != nil || err != nil {
			return rows, err
		}
		return c.fallBack(ctx, r, why, q, args)
	}
	if r.conn != nil {
		rows, err := r.conn.QueryContext(ctx, q, args...)
		if err == nil {
			r.endpoint.reads.Add(1)
			r.replica++
			return rows, nil
		}
		if ctx.Err() != nil || !elsewhere(err) {
			return nil, err
		}
		r.endpoint.lookAgain()
		r.unpin()
	}
	why := reasonUnhealthy
	for _, e := range c.candidates() {
		conn, rows, err := e.query(ctx, q, args)
		if err == nil {
			r.conn, r.endpoint, r.reached = conn, e, 0
			e.reads.Add(1)
			r.replica++
			return rows, nil
		}
		if ctx.Err() != nil || !elsewhere(err) {
			return nil, err
		}
		why = reasonFailed
		e.lookAgain()
	}
	return c.fallBack(ctx, r, why, q, args)
}

// candidates returns the addresses to read at, in order.
func (c *cluster) candidates() []*endpoint {
	if c.breaker.Away() {
		return c.mostAdvanced()
	}
	return c.inTurn()
}

// onReplica returns neither rows nor an error where no replica answers.
func (c *cluster) onReplica(ctx context.Context, r *Reads, q string, args []any) (*sql.Rows, reason, error) {
	why := reasonUnhealthy
	for _, e := range c.candidates() {
		rows, err := e.pool.QueryContext(ctx, q, args...)
		if err == nil {
			e.reads.Add(1)
			if r != nil {
				r.replica++
			}
			return rows, "", nil
		}
		if ctx.Err() != nil || !elsewhere(err) {
			return nil, "", err
		}
		why = reasonFailed
		e.lookAgain()
	}
	return nil, why, nil
}

// whileThere asks the primary, and while it is away the most advanced replica. While it is not certain that the primary
// is away, it waits until that is known, a second at most.
func (c *cluster) whileThere(ctx context.Context, q string, args []any) (*sql.Rows, error) {
	if !c.breaker.Away() {
		rows, err := c.onPrimary(ctx, reasonMarked, q, args)
		if err == nil || ctx.Err() != nil || !elsewhere(err) {
			return rows, err
		}
		if !c.breaker.Verdict(ctx) {
			return c.onPrimary(ctx, reasonMarked, q, args)
		}
	}
	rows, _, err := c.onReplica(ctx, readsOf(ctx), q, args)
	if rows == nil && err == nil {
		err = ErrPrimaryAway
	}
	return rows, err
}

// inTurn returns the addresses with a healthy replica, starting with another one each time.
func (c *cluster) inTurn() []*endpoint {
	var list []*endpoint
	for _, e := range c.endpoints {
		if e.usable() {
			list = append(list, e)
		}
	}
	if len(list) < 2 {
		return list
	}
	i := int(c.next.Add(1) % uint64(len(list)))
	return append(list[i:len(list):len(list)], list[:i]...)
}

// mostAdvanced returns the addresses with a healthy replica, the most advanced first.
func (c *cluster) mostAdvanced() []*endpoint {
	list := c.inTurn()
	slices.SortStableFunc(list, func(a, b *endpoint) int {
		// Half a second is less than what polls can tell apart.
		return int(b.furthest()/500 - a.furthest()/500)
	})
	return list
}

// expired reports whether a position is so old that every replica in use has passed it.
func (c *cluster) expired(p Position) bool {
	v := c.version.Load()
	return p != PositionPrimary && v > int64(p)+(c.maxLag+positionGrace).Milliseconds()
}

// positionNow is the position of a client that has just written.
func (c *cluster) positionNow(ctx context.Context) Position {
	for try := 1; ; try++ {
		var v int64
		err := c.primary.QueryRowContext(ctx, versionQuery).Scan(&v)
		if err == nil {
			return Position(v) + positionMargin
		}
		if try == 3 || ctx.Err() != nil || c.breaker.Away() {
			c.log.WarnContext(ctx, "the replication clock did not answer after a write; its client reads on the primary for a while", "error", err)
			return PositionPrimary
		}
		c.pause(ctx)
	}
}

// storePosition is positionNow for a client whose position is stored with its token. It is never PositionPrimary, which
// would stay in the row for ever.
func (c *cluster) storePosition(ctx context.Context, token int64, brought Position) error {
	for try := 1; ; try++ {
		_, err := c.primary.ExecContext(ctx, "UPDATE access_tokens SET position = GREATEST(position, ?, ("+versionQuery+") + ?) WHERE id = ?",
			int64(brought), positionMargin, token)
		if err == nil || try == 3 || ctx.Err() != nil || c.breaker.Away() {
			return err
		}
		c.pause(ctx)
	}
}

// pause waits a moment before another try.
func (c *cluster) pause(ctx context.Context) {
	_ = sleep.For(ctx, time.Duration(50+rand.IntN(50))*time.Millisecond)
}

// elsewhere reports whether another server may answer what this one did not: it is not there, cannot be used now, or
// does not have the schema yet.
func elsewhere(err error) bool {
	var me *mysqldriver.MySQLError
	if errors.As(err, &me) {
		switch me.Number {
		case 1040, 1203, 1226, // too many connections
			1044, 1045, 1130, 1698, // who we are is not known there
			1049, 1054, 1146, 1412, // a change of the schema has not arrived
			1053, 1927, 1317: // it is being stopped
			return true
		}
		return false
	}
	return errors.Is(err, errServerOut) || errors.Is(err, budget.ErrAway) || errors.Is(err, errSilent) || errors.Is(err, driver.ErrBadConn) || brokenWire(err)
}

// PrepareContext and the rest of gorm's ConnPool. Reads come by QueryContext only; everything else goes to the primary.
func (c *cluster) PrepareContext(ctx context.Context, q string) (*sql.Stmt, error) {
	return c.primary.PrepareContext(ctx, q)
}

// ExecContext runs on the primary.
func (c *cluster) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	return c.primary.ExecContext(ctx, q, args...)
}

// QueryRowContext runs on the primary: a row cannot be asked for elsewhere once it has failed.
func (c *cluster) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	return c.primary.QueryRowContext(ctx, q, args...)
}

// takeOverGrace is for how long after a move reads may all go to the primary: the replicas have just been filled.
const takeOverGrace = 5 * time.Second

// takeOver is called as the process begins to serve this place. What was written in the place before has been written here
// by now. No replica is read before it has all of that: not before it has passed what the clock says from here on.
func (c *cluster) takeOver() {
	c.taking.Lock()
	defer c.taking.Unlock()
	c.taking.at = time.Now()
	c.floor.Store(int64(PositionPrimary))
}

// raiseFloor sets the floor to the version of the clock, which was asked for at that moment.
func (c *cluster) raiseFloor(version int64, asked time.Time) {
	if c.floor.Load() == 0 {
		return
	}
	c.taking.Lock()
	defer c.taking.Unlock()
	switch floor := Position(c.floor.Load()); {
	case floor == PositionPrimary && asked.After(c.taking.at):
		c.floor.Store(version + positionMargin)
	case floor != PositionPrimary && c.expired(floor):
		c.floor.Store(0)
	}
}

// tookOver tells whether the place was taken over a moment ago.
func (c *cluster) tookOver() bool {
	c.taking.Lock()
	defer c.taking.Unlock()
	return !c.taking.at.IsZero() && time.Since(c.taking.at) < takeOverGrace
}

// close ends the polls and the replicas' pools. That a goodbye fails, on a connection that had ended before, means nothing.
func (c *cluster) close() {
	c.stop()
	c.ended.Wait()
	c.breaker.Close()
	_ = c.monitor.Close()
	for _, e := range c.endpoints {
		e.close()
	}
}
