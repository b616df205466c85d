package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tintype/internal/command"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/move"
	"tintype/internal/session"
	"tintype/internal/sleep"
	"tintype/internal/store"
)

// The parts of a site that move by themselves.
const (
	partSessions = "sessions"
	partMedia    = move.PartMedia
)

// nextSettings name the other place of each part.
var nextSettings = map[string]string{partSessions: "SESSION_NEXT", partMedia: "MEDIA_NEXT"}

// How often a process writes its row: often enough that what two differ in is
// known within half a minute. The database of SQLite belongs to one process, of
// which nobody has to know.
const (
	presenceEvery     = 10 * time.Second
	presenceEveryLone = time.Minute
)

// processName is the machine and the process, for people.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// roleNames are ROLES, for people.
func roleNames(cfg *config.Config) string {
	var roles []string
	if cfg.Web {
		roles = append(roles, "web")
	}
	if cfg.Worker {
		roles = append(roles, "worker")
	}
	return strings.Join(roles, ", ")
}

// presence lists this process, and finds out where the parts of the site are. A
// process that would serve a place that its part has left gets an error.
// Commands that have no other place are not listed: they end soon. Beside: another process serves the same file.
func (d drivers) presence(ctx context.Context, db *store.Store, id int64, keys func() [][]byte, serving, beside bool) (*move.Presence, error) {
	next := d.cfg.SessionNext != nil || d.cfg.MediaNext != nil || d.cfg.DatabaseNext != nil
	o := move.PresenceOptions{
		Table: db, ID: id, Host: processName(), Program: Version, Roles: roleNames(d.cfg), Started: time.Now(),
		Every:       presenceEvery,
		Unlisted:    d.cfg.ReadOnly || !serving && !next,
		Brief:       !serving,
		Beside:      beside,
		PrimaryAway: db.PrimaryAway,
		Log:         d.log,
		Facts: func() map[string]string {
			var prints []string
			for _, key := range keys() {
				prints = append(prints, move.Fingerprint(string(key)))
			}
			facts := d.databaseFacts(ctx)
			d.addClients(ctx, db, facts)
			if d.proof != nil {
				facts[move.DatabaseProofFact] = d.proof.prove(ctx)
			} else if d.cfg.DatabaseNext != nil {
				facts[move.DatabaseProofFact] = move.ProofExempt
			}
			facts[move.KeyFact] = strings.Join(prints, ",")
			if waited := db.WriteWaits().Longest; waited > 0 {
				facts[move.WriteWaitFact] = strconv.FormatInt(waited.Milliseconds(), 10)
			}
			return facts
		},
	}
	if !serving {
		o.Roles = "command"
	}
	if d.cfg.Database.Driver == "sqlite" && d.cfg.DatabaseNext == nil {
		o.Every = presenceEveryLone
	}
	p := move.NewPresence(o)
	if d.proof != nil {
		d.proof.tellBy(p.Soon)
	}
	text := func(set bool, place fmt.Stringer) string {
		if !set {
			return ""
		}
		return place.String()
	}
	p.AddPart(partSessions, d.cfg.SessionPlace().String(), nextSettings[partSessions], text(d.cfg.SessionNext != nil, d.cfg.SessionNext))
	p.AddPart(partMedia, d.cfg.MediaPlace().String(), nextSettings[partMedia], text(d.cfg.MediaNext != nil, d.cfg.MediaNext))
	err := p.Start(ctx)
	for said := false; serving && errors.Is(err, store.ErrBusy) && ctx.Err() == nil; err = p.Start(ctx) { // as for the schema
		if !said {
			said = true
			d.log.WarnContext(ctx, "waiting for the database", "reason", err)
		}
		if err := sleep.For(ctx, schemaPoll); err != nil {
			return p, err
		}
	}
	return p, err
}

// sessionsPlan is the move of sessions.
func (d drivers) sessionsPlan(ctx context.Context, db *store.Store, workers int) (*move.Plan, error) {
	own, err := d.sessions(ctx, db)
	if err != nil {
		return nil, err
	}
	next, err := d.sessionsNext(ctx, db)
	if err != nil {
		return nil, err
	}
	places := map[string]session.Movable{d.cfg.SessionPlace().String(): own}
	p := &move.Plan{
		Own:     d.cfg.SessionPlace().String(),
		What:    "sessions",
		Promise: "Nobody is logged out.",
		Cost:    "the way back is the same move in the other direction, at any time, and costs as much",
		Settings: func(address string) []string {
			place, err := config.ParseSessionPlace(address)
			if err != nil {
				return nil
			}
			return place.Settings()
		},
	}
	if next != nil {
		p.Next = d.cfg.SessionNext.String()
		places[p.Next] = next
	}
	place := func(address string) (session.Movable, error) {
		if found := places[address]; found != nil {
			return found, nil
		}
		return nil, &move.FinalError{Err: fmt.Errorf("no setting of this command names %s", address)}
	}
	count := func(ctx context.Context, address string) (n int64, err error) {
		at, err := place(address)
		if err != nil {
			return 0, err
		}
		return n, at.Each(ctx, func(r *session.Record) error {
			if !r.Ended() {
				n++
			}
			return nil
		})
	}
	p.Occupied = func(ctx context.Context, address string) (int64, error) { return count(ctx, address) }
	p.Pace = func(ctx context.Context, _, target string, _ int64) (time.Duration, error) {
		at, err := place(target)
		if err != nil {
			return 0, err
		}
		const questions = 3
		begin := time.Now()
		for range questions {
			if _, err := at.Get(ctx, 0, "none"); err != nil && !errors.Is(err, session.ErrNone) {
				return 0, err
			}
		}
		// A session is read in one place and added in the other.
		return 2 * time.Since(begin) / questions / time.Duration(workers), nil
	}
	clear := func(ctx context.Context, address string, want func(*session.Record) bool, step func(int64) error) error {
		at, err := place(address)
		if err != nil {
			return err
		}
		return session.Clear(ctx, at, workers, want, func() error { return step(0) })
	}
	everything := func(*session.Record) bool { return true }
	p.Mover = &move.PartMover{
		Table: db, Part: partSessions, Setting: nextSettings[partSessions], Name: processName(),
		Work: move.Work{
			Count: count,
			Empty: func(ctx context.Context, _, target string, step func(int64) error) error {
				return clear(ctx, target, everything, step)
			},
			Copy: func(ctx context.Context, source, target string, step func(int64) error) (int64, error) {
				from, err := place(source)
				if err != nil {
					return 0, err
				}
				to, err := place(target)
				if err != nil {
					return 0, err
				}
				var missing atomic.Int64
				err = session.CopyAll(ctx, from, to, workers, func(added bool) error {
					if added {
						missing.Add(1)
					}
					return step(0)
				})
				return missing.Load(), err
			},
			Finish: func(ctx context.Context, source, target string, step func(int64) error) error {
				if err := clear(ctx, source, everything, step); err != nil {
					return err
				}
				return clear(ctx, target, (*session.Record).Ended, step)
			},
		},
	}
	return p, nil
}

// openMoves opens the parts of the site that can be moved.
func openMoves(ctx context.Context, cfg *config.Config, log *slog.Logger, o command.MoveOptions) (map[string]*move.Plan, func() error, error) {
	d := drivers{cfg: cfg, log: log}
	if _, err := d.prepareSchema(ctx); err != nil {
		return nil, nil, err
	}
	db, err := d.openStore(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("the database: %w", err)
	}
	unfollow, err := d.followDatabase(ctx, db, db.NewID(), false)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the database: %w", err), db.Close())
	}
	closeAll := func() error { return errors.Join(unfollow(), db.Close()) }
	sessions, err := d.sessionsPlan(ctx, db, o.Workers)
	if err != nil {
		return nil, nil, errors.Join(err, closeAll())
	}
	photos, err := d.photosPlan(ctx, db, o)
	if err != nil {
		return nil, nil, errors.Join(err, closeAll())
	}
	sessions.Mover.Busy, photos.Mover.Busy = d.databaseMoves, d.databaseMoves
	sessions.Log = func(ctx context.Context, e store.AdminEntry) error { return community.AddEntry(ctx, db, e) }
	photos.Log = sessions.Log
	return map[string]*move.Plan{partSessions: sessions, partMedia: photos}, closeAll, nil
}
