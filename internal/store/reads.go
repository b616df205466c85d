package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"sync"
	"time"

	"tintype/internal/budget"
)

// ErrAfterAnswer refuses a transaction that begins after the request's answer has left: its client could no longer be
// told from where on it has to read.
var ErrAfterAnswer = errors.New("store: a transaction after the answer")

// A Position tells how far a replica must have come before it may answer a client: the version of the replication
// clock. 0 is anywhere.
type Position int64

// PositionPrimary is where no replica ever comes.
const PositionPrimary Position = math.MaxInt64

// positionMargin is added to the clock's version when a client's position is made. Commits become visible on the
// primary in a slightly other order than replicas apply them.
const positionMargin = 1000

// Reads is what a request knows of where it may read: the position that its client brought, the replica's connection
// that it holds, and whether it has written. There is one for each request, made by StartReads and in its context; a
// nil one, where there are no replicas, does nothing. Contexts without one (jobs, commands) read on the primary.
type Reads struct {
	mu       sync.Mutex
	c        *cluster // of the place that was last read or written, nil where that has no replicas
	brought  Position
	floor    Position  // where every replica has to be, since the site moved
	conn     *sql.Conn // of the replica that answers this request
	endpoint *endpoint // whose conn is
	reached  Position  // what the replica is known to have reached
	stay     reason    // why all further reads are the primary's, "" for as long as they are not
	slot     bool      // a place on the way from the replicas to the primary
	replica  int       // reads that replicas answered
	wrote    bool
	token    int64 // the access token that carries the client's position, 0: a cookie does
	probed   bool  // the primary was asked whether it is there, which takes time
	answered bool  // the answer has left
	ended    bool
}

type readsKey struct{}

func readsOf(ctx context.Context) *Reads {
	r, _ := ctx.Value(readsKey{}).(*Reads)
	return r
}

// Replicated reports whether there are replicas, and so positions.
func (s *conn) Replicated() bool { return s.cluster != nil }

// StartReads lets a request read on replicas that have reached the position its client brought. End it with the
// request. Without replicas it is nil, and the context unchanged.
func (s *conn) StartReads(ctx context.Context, brought Position) (context.Context, *Reads) {
	if s.cluster == nil {
		return ctx, nil
	}
	return startReads(ctx, s.cluster, brought)
}

func startReads(ctx context.Context, c *cluster, brought Position) (context.Context, *Reads) {
	r := &Reads{c: c}
	r.raise(brought)
	return context.WithValue(ctx, readsKey{}, r), r
}

// CarryByToken has the token carry the position of the request's client. Reads go by the position in the token's row, as it
// was just read, and the request's writes raise it.
func (s *conn) CarryByToken(ctx context.Context, t *AccessToken) {
	r := readsOf(ctx)
	if r == nil {
		return
	}
	r.mu.Lock()
	r.token = t.ID
	r.mu.Unlock()
	r.raise(t.Position)
}

// Positioned reports whether the request's client has written lately: then it reads no cache of what can change.
func Positioned(ctx context.Context) bool {
	r := readsOf(ctx)
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.brought != 0 || r.wrote
}

// raise takes a position into account, unless all replicas in use have long passed it.
func (r *Reads) raise(p Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p <= 0 || r.c != nil && r.c.expired(p) {
		return
	}
	r.brought = max(r.brought, p)
}

// goBy has the request go by the replicas of the place that is served now. What it holds belongs to the place before.
// Its caller holds mu.
func (r *Reads) goBy(c *cluster) {
	if r.c != c {
		r.letGo()
		r.c = c
	}
}

// need is the position that a replica must have reached. The caller holds mu.
func (r *Reads) need() Position { return max(r.brought, r.floor) }

// markWrote notes a write of the request in a place: from now on it reads on the primary.
func markWrote(ctx context.Context, c *cluster) {
	r := readsOf(ctx)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.goBy(c)
	r.wrote = true
	r.stay = reasonWrote
	r.unpin()
}

// mayBegin is ErrAfterAnswer once the answer has left.
func mayBegin(ctx context.Context) error {
	r := readsOf(ctx)
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered {
		return ErrAfterAnswer
	}
	return nil
}

// Answer is called once, right before the answer's header leaves. It gives back what the request held, and after a
// write finds out the position that the client now has: one that a token carries is stored with it, any other is
// returned for a cookie, 0 if there is nothing to carry. The position is never lower than the one that was brought.
func (r *Reads) Answer(ctx context.Context) Position {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	done, wrote, token, brought, c := r.answered, r.wrote, r.token, r.brought, r.c
	r.answered = true
	r.letGo()
	r.mu.Unlock()
	if done || !wrote || c == nil {
		return 0
	}
	// The client may have gone, and what it did counts all the same.
	ctx, cancel := context.WithTimeout(budget.None(context.WithoutCancel(ctx)), positionPatience)
	defer cancel()
	if token == 0 {
		return max(c.positionNow(ctx), brought)
	}
	// A place that is sealed now is left or opened soon. Whoever reads in the next one reads what was written before.
	if err := c.storePosition(ctx, token, brought); err != nil && !errors.Is(translate(err), ErrSealed) {
		c.counts.lostPositions.Add(1)
		c.log.ErrorContext(ctx, "a token's position was not stored: for some seconds its client may read what was before its last write", "token", token, "error", err)
	}
	return 0
}

// positionPatience is how long an answer waits for its position.
const positionPatience = time.Second

// End gives back what is held. Calls that still run under the context read on the primary.
func (r *Reads) End() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	r.letGo()
}

func (r *Reads) letGo() {
	r.unpin()
	if r.slot {
		r.slot = false
		<-r.c.slots
	}
}

func (r *Reads) unpin() {
	if r.conn != nil {
		r.conn.Close()
		r.conn, r.endpoint = nil, nil
	}
}

// replicaReads is how many reads replicas have answered so far, and whose the last ones were.
func (r *Reads) replicaReads() (int, *cluster) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replica, r.c
}

// lookUp runs a look-up by a unique key, and where a replica knew of nothing, once more on the primary: a link that was
// shared a second ago is no 404. What is found only there has the rest of the request read there too, for what hangs
// on it has not reached the replica either.
func lookUp(ctx context.Context, look func(ctx context.Context) error) error {
	r := readsOf(ctx)
	if r == nil {
		return look(ctx)
	}
	before, _ := r.replicaReads()
	err := look(ctx)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	if after, c := r.replicaReads(); after == before || c == nil || c.breaker.Away() {
		return err
	}
	if err = look(context.WithValue(ctx, keyAgain, true)); err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.stay == "" {
			r.stay = reasonNotFound
		}
		r.unpin()
	}
	return err
}
