package move

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Instance is a process of the site, as its row in the database says. It is an alias of a nameless struct so that the
// store can have the same one without either package knowing the other.
type Instance = struct {
	ID      int64
	Host    string // the machine and the process
	Program string // the release
	Roles   string
	// StartedAt is in milliseconds since 1970, by the process's own clock. AgeMs is how long ago the row was written, by
	// the database's; EveryMs is how often the process writes it.
	StartedAt, AgeMs, EveryMs int64
	Facts                     string // JSON: fingerprints by name
	// What the process has answered to a move of the database.
	Generation, Watch, Hold int64
	Parts                   string // JSON: the step that the process acts by, by part
}

// Row is the move of a part, as its row in the database says: an alias like Instance.
type Row = struct {
	Part           string
	Phase          string
	Step           int64  // grows with each change of the phase
	Source, Target string // addresses without secrets
	Epoch          int64  // grows with each mover
	Mover          string // who holds the epoch
	AgeMs          int64  // how long ago the row was written, by the database's clock
	Progress       string // JSON
}

// Table is where processes and moves are listed: the site's database.
type Table interface {
	SaveInstance(context.Context, Instance) error
	Instances(context.Context) ([]Instance, error)
	DeleteInstance(ctx context.Context, id int64) error
	DeleteOldInstances(ctx context.Context, own int64, alone bool) error
	Moves(context.Context) ([]Row, error)
}

const (
	// Lease is how long a process goes by the row of a move after it has asked for it.
	Lease = 15 * time.Second
	// readOnlyLease is the same for a process that writes nothing, so that no mover knows of it.
	readOnlyLease = 2 * time.Second
	// OperationTime is how long an operation may go on that began under a lease. Sessions end theirs by it
	// (session.OperationTime); photos ask for their route again after it (media.RouteTime).
	OperationTime = 10 * time.Second
	// GoneAfter is how long a process must have been silent, and a phase over, until nothing can go by that phase any more:
	// a lease and an operation, and a fifth of that because clocks differ.
	GoneAfter = (Lease + OperationTime) * 6 / 5

	followEvery = 10 * time.Second // how often a process that has another place asks
	movingEvery = time.Second      // the same while a move is under way
	beatTime    = 5 * time.Second  // how long writing and asking may take together
)

// PresenceOptions describe a process.
type PresenceOptions struct {
	Table   Table
	ID      int64
	Host    string // the machine and the process
	Program string // the release
	Roles   string
	Started time.Time
	Every   time.Duration // how often its row is written
	// Facts are fingerprints by name, of what all processes of the site should have in common. They are asked for with
	// each writing.
	Facts func() map[string]string
	// Unlisted processes write no row: those that write nothing at all, and short commands.
	Unlisted bool
	// Brief processes are commands: they are listed, and leave the rows of others alone.
	Brief bool
	// Beside: another process serves the same file, and its row stays. A mover has to know of both.
	Beside bool
	// PrimaryAway tells that nothing can be written at present, and so nothing moves.
	PrimaryAway func() bool
	Log         *slog.Logger
	Now         func() time.Time // nil is time.Now
}

// Presence keeps the row of a process, and what the process knows of moves.
type Presence struct {
	o     PresenceOptions
	parts map[string]*Part
	kick  chan struct{} // something is to be told soon

	mu     sync.Mutex
	flight *flight
	asked  bool // there has been an answer; only a flight uses this
}

// flight is a writing and asking that is under way.
type flight struct {
	done chan struct{}
	err  error
}

// NewPresence makes the Presence of a process. Parts are added to it before Start.
func NewPresence(o PresenceOptions) *Presence {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Presence{o: o, parts: make(map[string]*Part), kick: make(chan struct{}, 1)}
}

// Start lists the process and asks for the first time: in that order, so that a mover that lists the processes after it
// has changed a phase knows of all that may have read the old one.
func (p *Presence) Start(ctx context.Context) error {
	if err := p.refresh(ctx); err != nil {
		return err
	}
	for _, part := range p.parts {
		if err := part.settle(); err != nil {
			return err
		}
	}
	if p.o.Unlisted || p.o.Brief {
		return nil
	}
	return p.o.Table.DeleteOldInstances(ctx, p.o.ID, !p.o.Beside)
}

// Run writes the row, and asks for moves where the process has another place, until ctx ends.
func (p *Presence) Run(ctx context.Context) error {
	swept, failing := p.o.Now(), false
	for {
		refresh := p.refresh
		select {
		case <-ctx.Done():
			return nil
		case <-p.kick:
			refresh = p.anew
		case <-time.After(p.pause()):
		}
		err := refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			p.o.Log.WarnContext(ctx, "the row of this process was not written", "error", err)
		}
		failing = err != nil
		if now := p.o.Now(); err == nil && !p.o.Unlisted && now.Sub(swept) > time.Hour {
			swept = now
			_ = p.o.Table.DeleteOldInstances(ctx, p.o.ID, false) // or the next time
		}
	}
}

// Stop removes the row of the process.
func (p *Presence) Stop(ctx context.Context) error {
	if p.o.Unlisted {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	if err := p.o.Table.DeleteInstance(ctx, p.o.ID); err != nil {
		p.o.Log.WarnContext(ctx, "the row of this process stays behind", "error", err)
	}
	return nil
}

// pause is how long until the next refresh.
func (p *Presence) pause() time.Duration {
	every := p.o.Every
	for _, part := range p.parts {
		switch {
		case part.moving():
			every = min(every, movingEvery)
		case part.follows:
			every = min(every, followEvery)
		}
	}
	return every
}

// Soon has Run write the row at once, because a fact has changed.
func (p *Presence) Soon() { p.soon() }

// soon has Run refresh at once.
func (p *Presence) soon() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// refresh writes the row and asks for moves: once for all who wait.
func (p *Presence) refresh(ctx context.Context) error {
	p.mu.Lock()
	f := p.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		p.flight = f
		go func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), beatTime)
			defer cancel()
			f.err = p.beat(ctx)
			p.mu.Lock()
			p.flight = nil
			p.mu.Unlock()
			close(f.done)
		}()
	}
	p.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// anew is a refresh that begins now: one under way may have been without what is to be told.
func (p *Presence) anew(ctx context.Context) error {
	p.mu.Lock()
	f := p.flight
	p.mu.Unlock()
	if f != nil {
		select {
		case <-f.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return p.refresh(ctx)
}

// beat is one writing and asking. What was read counts from before the writing.
func (p *Presence) beat(ctx context.Context) error {
	sent := p.o.Now()
	asks := !p.asked
	answers := make(map[string]int64)
	facts := map[string]string{}
	if p.o.Facts != nil {
		maps.Copy(facts, p.o.Facts())
	}
	for name, part := range p.parts {
		asks = asks || part.follows
		if step := part.answer(); step > 0 {
			answers[name] = step
		}
		part.addFacts(facts)
	}
	if !p.o.Unlisted {
		if err := p.save(ctx, facts, answers); err != nil && (p.o.PrimaryAway == nil || !p.o.PrimaryAway()) {
			return err
		}
	}
	if !asks {
		return nil
	}
	rows, err := p.o.Table.Moves(ctx)
	if err != nil {
		return err
	}
	p.asked = true
	for name, part := range p.parts {
		part.take(rows, sent)
		if !p.o.Unlisted && part.answer() != answers[name] {
			p.soon()
		}
	}
	return nil
}

func (p *Presence) save(ctx context.Context, facts map[string]string, answers map[string]int64) error {
	factText, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	answerText, err := json.Marshal(answers)
	if err != nil {
		return err
	}
	return p.o.Table.SaveInstance(ctx, Instance{
		ID: p.o.ID, Host: p.o.Host, Program: p.o.Program, Roles: p.o.Roles,
		StartedAt: p.o.Started.UnixMilli(), EveryMs: p.every().Milliseconds(), Facts: string(factText), Parts: string(answerText),
	})
}

// every is how often the row is written at least.
func (p *Presence) every() time.Duration {
	for _, part := range p.parts {
		if part.follows {
			return min(p.o.Every, followEvery)
		}
	}
	return p.o.Every
}

// Instances lists the processes of the site that are there.
func (p *Presence) Instances(ctx context.Context) ([]Instance, error) { return Alive(ctx, p.o.Table) }

// Alive lists the processes that have written their row within three times their interval.
func Alive(ctx context.Context, t Table) ([]Instance, error) {
	all, err := t.Instances(ctx)
	alive := all[:0]
	for _, i := range all {
		if i.AgeMs <= 3*i.EveryMs {
			alive = append(alive, i)
		}
	}
	return alive, err
}

// Fingerprint stands for a text that must not be told, and is the same for the same text.
func Fingerprint(text string) string {
	sum := sha256.Sum256([]byte("tintype instance\n" + text))
	return hex.EncodeToString(sum[:8])
}
