package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"tintype/internal/sleep"
)

// The replication clock is a number on the primary that grows all the time, about with the milliseconds. A replica that
// has a version of it has also applied what was committed before that version. So replicas show their position without
// any privilege and in any flavour of MySQL. One process at a time raises the clock, under a lease. A process that
// finds it standing still raises it too.

const (
	clockEvery = 200 * time.Millisecond // how often it is raised
	clockLease = 2 * time.Second
	clockPoll  = 400 * time.Millisecond // how often who does not raise it looks at it
	// clockStands is how long it may stand still before anybody raises it.
	clockStands = time.Second
	// awayMisses is how many polls the primary may leave unanswered, one after the other, before it is asked whether it
	// is there. Whoever waits for it has it asked much sooner.
	awayMisses = 2
)

const versionQuery = "SELECT version FROM replication_clock WHERE id = 1"

const clockNow = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"

// runClock raises and reads the clock until ctx ends.
func (c *cluster) runClock(ctx context.Context) {
	misses := 0
	for {
		pause := clockPoll
		if c.leads {
			pause = clockEvery
		}
		if sleep.For(ctx, pause) != nil {
			c.resign()
			return
		}
		err := c.turnClock(ctx)
		switch {
		case ctx.Err() != nil:
		case err == nil:
			misses = 0
		default:
			c.leads = false
			if misses++; misses >= awayMisses {
				c.breaker.Failed()
			}
		}
	}
}

// turnClock reads the clock, and raises it if this process has to.
func (c *cluster) turnClock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollPatience)
	defer cancel()
	if c.leads {
		if err := c.raiseClock(ctx); err != nil && !readOnly(err) {
			return err
		}
	}
	var version, leaseLeft int64
	var holder string
	asked := time.Now()
	err := c.monitor.QueryRowContext(ctx, "SELECT version, holder, lease_until - "+clockNow+" FROM replication_clock WHERE id = 1").Scan(&version, &holder, &leaseLeft)
	if err != nil && missingTable(err) {
		return nil // the database has no schema yet
	}
	if err == nil {
		c.raiseFloor(version, asked)
	}
	if c.watches && err == nil {
		if c.version.Swap(version) != version {
			c.movedAt.Store(time.Now().UnixNano())
		}
		return nil
	}
	if c.watches && errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		_, err = c.monitor.ExecContext(ctx, "INSERT IGNORE INTO replication_clock (id, version, holder, lease_until) VALUES (1, "+clockNow+", '', 0)")
		return err
	}
	if err != nil {
		return err
	}
	now := time.Now()
	if c.version.Swap(version) != version {
		c.movedAt.Store(now.UnixNano())
	}
	c.leads = holder == c.holder && leaseLeft > 0
	stands := now.Sub(time.Unix(0, c.movedAt.Load())) > clockStands
	if !c.leads && (leaseLeft <= 0 || stands) {
		if err := c.raiseClock(ctx); err != nil && !readOnly(err) {
			return err
		}
		if leaseLeft > 0 { // the holder does not do its work
			_, err = c.monitor.ExecContext(ctx, "UPDATE replication_clock SET version = GREATEST(version + 1, "+clockNow+") WHERE id = 1 AND version = ?", version)
			if err != nil && !readOnly(err) {
				return err
			}
		}
	}
	return nil
}

// raiseClock raises the clock under the lease, and takes the lease if it is free.
func (c *cluster) raiseClock(ctx context.Context) error {
	res, err := c.monitor.ExecContext(ctx, "UPDATE replication_clock SET version = GREATEST(version + 1, "+clockNow+"), lease_until = "+clockNow+" + ?, holder = ?"+
		" WHERE id = 1 AND (holder = ? OR lease_until < "+clockNow+")", clockLease.Milliseconds(), c.holder, c.holder)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	c.leads = n == 1
	return err
}

// resign gives the lease back, so that another process can take it at once.
func (c *cluster) resign() {
	if !c.leads {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pollPatience)
	defer cancel()
	_, _ = c.monitor.ExecContext(ctx, "UPDATE replication_clock SET lease_until = 0 WHERE id = 1 AND holder = ?", c.holder) // else it runs out
}
