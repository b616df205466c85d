package app

import (
	"context"
	"errors"
	"fmt"

	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/session"
	"tintype/internal/store"
)

// The database, sessions and photos may be in two places while they move. Here both
// are opened; the move's row says which one is used.

// nextStoreOptions are those of the database that DATABASE_NEXT names.
func (d drivers) nextStoreOptions() store.Options {
	o := d.storeOptions()
	o.URL, o.Replicas = d.cfg.DatabaseNext.URL.Value, d.cfg.ReplicasNext.Value
	return o
}

// openStore opens the site's database, and with DATABASE_NEXT the other one, too:
// one that is away, once it answers.
// Without it, a database that the site has left is refused, and one of which a
// move is under way: this process would not notice.
func (d drivers) openStore(ctx context.Context) (*store.Store, error) {
	if d.cfg.DatabaseNext != nil {
		s, err := store.OpenBoth(ctx, d.storeOptions(), d.nextStoreOptions())
		if err != nil {
			err = fmt.Errorf("DATABASE_URL or DATABASE_NEXT: %w", err)
		}
		return s, err
	}
	s, err := store.Open(ctx, d.storeOptions())
	if err != nil {
		return nil, err
	}
	if err := s.CheckInCharge(ctx); err != nil {
		var moved *store.MovedError
		if errors.As(err, &moved) && moved.WayBack {
			err = fmt.Errorf("%w: name that in DATABASE_NEXT, on all processes%s", err, restoredHint)
		} else if errors.As(err, &moved) {
			hint := ""
			if !moved.Elsewhere() {
				hint = restoredHint
			}
			err = fmt.Errorf("%w: make that DATABASE_URL or DATABASE_NEXT, on all processes%s", err, hint)
		}
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// restoredHint is for who has brought back a server's snapshot.
const restoredHint = "; or, if this database was restored from a backup, run tintype move abort database --restored"

// sessionRoute leads the operations of sessions as the move's row says. Places
// are all that this process has, by their addresses.
func sessionRoute(part *move.Part, places map[string]session.Movable) func(context.Context) (session.Route, func(), error) {
	return func(ctx context.Context) (session.Route, func(), error) {
		// An operation under a route ends before others may take it for over.
		route, done, err := part.Begin(ctx)
		if err != nil {
			return session.Route{}, nil, err
		}
		r := session.Route{Source: places[route.Source], Target: places[route.Target]}
		switch route.Phase {
		case move.PhaseReading:
			r.Phase = session.Reading
		case move.PhaseWriting:
			r.Phase = session.Writing
		case move.PhaseMoved:
			r.Phase = session.Moved
		default: // PhaseAborting, too: the source alone
			r.Phase = session.Alone
		}
		return r, done, nil
	}
}

// movingSessions are the sessions of a site that may move them, and the place that
// SESSION_NEXT names, or nil. A site that cannot move them has its place alone, and
// pays nothing.
func (d drivers) movingSessions(ctx context.Context, db *store.Store, part *move.Part) (_ session.Backend, next session.Movable, err error) {
	own, err := d.sessions(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	if next, err = d.sessionsNext(ctx, db); err != nil {
		return nil, nil, err
	}
	route, err := part.Route()
	if err != nil {
		return nil, nil, err
	}
	if next == nil && route.Phase == move.PhaseStill {
		return own, nil, nil
	}
	places := map[string]session.Movable{d.cfg.SessionPlace().String(): own}
	if next != nil {
		places[d.cfg.SessionNext.String()] = next
	}
	return session.NewMoving(sessionRoute(part, places), nil), next, nil
}

// watchedSessions has the operations of sessions counted and traced, and nothing
// written where nothing may be.
func (d drivers) watchedSessions(b session.Backend) session.Backend {
	if d.metrics != nil {
		b = countedSessions{b, d.metrics.sessionIO, traceCalls(d.tracer, "sessions")}
	}
	if d.cfg.ReadOnly {
		b = readOnlySessions{b}
	}
	return b
}

// mediaPlaces opens the places that the settings name, by their addresses.
func (d drivers) mediaPlaces(ctx context.Context) (own, next media.Store, places map[string]media.Store, err error) {
	if own, err = d.mediaAt(ctx, d.cfg.MediaPlace()); err != nil {
		return nil, nil, nil, err
	}
	if next, err = d.mediaNext(ctx); err != nil {
		return nil, nil, nil, err
	}
	places = map[string]media.Store{d.cfg.MediaPlace().String(): own}
	if next != nil {
		places[d.cfg.MediaNext.String()] = next
	}
	return own, next, places, nil
}

// movingMedia are the photos of a site that may move them, counted, and the place
// that MEDIA_NEXT names, or nil. A site that cannot move them has its place alone,
// and pays nothing.
func (d drivers) movingMedia(ctx context.Context, part *move.Part) (photos, next media.Store, err error) {
	own, next, places, err := d.mediaPlaces(ctx)
	if err != nil {
		return nil, nil, err
	}
	photos = own
	if next != nil {
		photos = media.NewMoving(media.MovingOptions{
			Places: []media.Store{own, next},
			Begin: func(ctx context.Context) (media.Route, func(), error) {
				r, done, err := part.Begin(ctx)
				if err != nil {
					return media.Route{}, nil, err
				}
				route, err := move.MediaRoute(r, places)
				if err != nil {
					done()
				}
				return route, done, err
			},
			Last: func() media.Route {
				r, err := part.Route()
				if err == nil {
					var route media.Route
					if route, err = move.MediaRoute(r, places); err == nil {
						return route
					}
				}
				return media.Route{Charge: own} // of which only the abilities are asked
			},
			Log: d.log,
		})
	}
	if d.metrics == nil {
		return photos, next, nil
	}
	return countedMedia{photos, d.metrics.mediaIO}, next, nil
}
