package move

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// PartMedia is the part of a site that is its photos.
const PartMedia = "media"

// Phase is how far the move of a part has come.
type Phase string

// The phases, as sessions go through them; MediaRoute says what photos do in each. A move goes through PhaseReading,
// PhaseWriting and PhaseMoved to PhaseFinished, of photos by PhaseLeaving. From PhaseReading, of photos from PhaseWriting
// as well, it may go back by PhaseAborting to PhaseAborted. The source is in charge until PhaseMoved, then the target.
const (
	// PhaseStill: nothing has moved.
	PhaseStill Phase = ""
	// PhaseReading: the target is read as well. What is new goes to the source.
	PhaseReading Phase = "reading"
	// PhaseWriting: what is new goes to the target. The source is still read, and copied.
	PhaseWriting Phase = "writing"
	// PhaseMoved: the target has everything and is in charge. The source is left alone.
	PhaseMoved Phase = "moved"
	// PhaseLeaving: the target has everything for sure and is used alone, but what is deleted still goes from both. It is
	// between PhaseMoved and PhaseFinished for photos: whoever reads both places must not find in the source what was deleted
	// by somebody who knows of the target alone.
	PhaseLeaving Phase = "leaving"
	// PhaseFinished: the source is empty, or is no longer needed.
	PhaseFinished Phase = "finished"
	// PhaseAborting: the source alone is used again, and the target is being emptied.
	PhaseAborting Phase = "aborting"
	// PhaseAborted: the source is in charge, as if nothing had been moved.
	PhaseAborted Phase = "aborted"
)

// UnderWay tells whether a process needs both places.
func (p Phase) UnderWay() bool {
	return p == PhaseReading || p == PhaseWriting || p == PhaseMoved || p == PhaseLeaving || p == PhaseAborting
}

// hasMoved tells that the target is in charge, and the source not yet given up.
func (p Phase) hasMoved() bool { return p == PhaseMoved || p == PhaseLeaving }

// HasMoved tells whether a part has come to the target of its last move.
func HasMoved(r Row) bool { return Phase(r.Phase).hasMoved() || Phase(r.Phase) == PhaseFinished }

// InCharge is the place that a row's part is served from.
func InCharge(r Row) string {
	if HasMoved(r) {
		return r.Target
	}
	return r.Source
}

// Route is the way that an operation goes.
type Route struct {
	Phase Phase
	// Source and Target are the places of a move that is under way. Of one that is not, both are the place in charge.
	Source, Target string
}

// ErrElsewhere means that a part is in a place, or goes to one, that this process does not have.
var ErrElsewhere = errors.New("move: this process does not have the place")

// Part is what a process knows of the move of one part of the site, such as its sessions.
//
// A process that has no other place than its setting's asks once, at the start, and pays nothing later. One that has
// another goes by what it has read within Lease, and reads anew where that is older.
type Part struct {
	presence  *Presence
	name      string
	setting   string // the name of the setting that names the other place
	own, next string // addresses; next is "" where there is none
	follows   bool

	mu     sync.Mutex
	row    Row
	known  bool // there is a row
	sent   time.Time
	flying map[int64]int // operations that have not ended, by the step that they began under
}

// AddPart adds a part before Start: own is the place of its setting, next the other place, named by the setting of that
// name; "" where that is not set.
func (p *Presence) AddPart(name, own, setting, next string) *Part {
	part := &Part{presence: p, name: name, setting: setting, own: own, next: next, follows: next != "", flying: make(map[int64]int)}
	p.parts[name] = part
	return part
}

// Part returns the part of that name, nil if there is none.
func (p *Presence) Part(name string) *Part { return p.parts[name] }

// InCharge is the address of the place that serves the part, as this process last heard.
func (p *Part) InCharge() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known {
		return p.own
	}
	return InCharge(p.row)
}

// Choice is what a process makes of a row at its start.
type Choice struct {
	InCharge string // the place that is served
	// Notice is what to write into the settings, "" if they are as they should be.
	Notice string
}

// Choose decides whether a process may serve: own is the place of its setting, next the one of the setting of that
// name, or "". A process never serves a place that its part has left.
func Choose(r *Row, own, setting, next string) (Choice, error) {
	if r == nil {
		return Choice{InCharge: own}, nil
	}
	charge, phase := InCharge(*r), Phase(r.Phase)
	pair := own == r.Source && next == r.Target || own == r.Target && next == r.Source
	switch {
	case phase == PhaseMoved && own == charge && next == "" && r.Part != PartMedia:
		return Choice{InCharge: charge}, nil // the operator was quick; of photos, some may be in the source alone
	case phase.UnderWay() && !pair:
		return Choice{}, fmt.Errorf("the %s of this site are on their way from %s to %s: start with both, the one as the place and the other as %s", people(r.Part), r.Source, r.Target, setting)
	case own == charge:
		return Choice{InCharge: charge}, nil
	case next == charge:
		c := Choice{InCharge: charge}
		if phase.hasMoved() || phase == PhaseFinished {
			c.Notice = fmt.Sprintf("the %s of this site are in %s, which %s names: make it the setting", people(r.Part), charge, setting)
		}
		return c, nil
	}
	return Choice{}, fmt.Errorf("the %s of this site are in %s, not in %s: they were moved there; set that place, or name it in %s", people(r.Part), charge, own, setting)
}

// settle applies Choose to what the first reading said.
func (p *Part) settle() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	choice, err := p.choose()
	if err != nil {
		return err
	}
	if choice.Notice != "" {
		p.presence.o.Log.Warn(choice.Notice, "part", p.name)
	}
	return nil
}

func (p *Part) choose() (Choice, error) {
	var row *Row
	if p.known {
		row = &p.row
	}
	return Choose(row, p.own, p.setting, p.next)
}

// Begin returns the route of an operation that begins now. The operation calls done when it has ended, and takes no longer
// than OperationTime. An error says that the process cannot know where the part is; nothing may be done then.
func (p *Part) Begin(ctx context.Context) (_ Route, done func(), err error) {
	if !p.follows {
		route, err := p.route()
		return route, func() {}, err
	}
	for range 2 {
		p.mu.Lock()
		if p.fresh() {
			route, err := p.routeLocked()
			if err != nil {
				p.mu.Unlock()
				return Route{}, nil, err
			}
			step := p.row.Step
			p.flying[step]++
			p.mu.Unlock()
			return route, sync.OnceFunc(func() { p.ended(step) }), nil
		}
		p.mu.Unlock()
		if err := p.presence.refresh(ctx); err != nil {
			return Route{}, nil, fmt.Errorf("move: the place of the %s is not known: %w", people(p.name), err)
		}
	}
	return Route{}, nil, fmt.Errorf("move: the place of the %s is not known: the answer came too late", people(p.name))
}

func (p *Part) fresh() bool {
	lease := Lease
	if p.presence.o.Unlisted {
		lease = readOnlyLease
	}
	return !p.sent.IsZero() && p.presence.o.Now().Sub(p.sent) < lease
}

func (p *Part) ended(step int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flying[step]--; p.flying[step] == 0 {
		delete(p.flying, step)
		if step < p.row.Step {
			p.presence.soon()
		}
	}
}

func (p *Part) route() (Route, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.routeLocked()
}

func (p *Part) routeLocked() (Route, error) {
	choice, err := p.choose()
	if err != nil {
		return Route{}, fmt.Errorf("%w: %w", ErrElsewhere, err)
	}
	if phase := Phase(p.row.Phase); p.known && phase.UnderWay() {
		return Route{phase, p.row.Source, p.row.Target}, nil
	}
	return Route{PhaseStill, choice.InCharge, choice.InCharge}, nil
}

// Route returns the route by what was last read, without asking the database.
func (p *Part) Route() (Route, error) { return p.route() }

// answer is the step that all operations of this process go by, 0 for none.
func (p *Part) answer() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.follows || !p.known {
		return 0
	}
	if _, err := p.routeLocked(); err != nil {
		return 0
	}
	step := p.row.Step
	for s := range p.flying {
		step = min(step, s)
	}
	return step
}

func (p *Part) moving() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.follows && p.known && Phase(p.row.Phase).UnderWay()
}

// take takes what was read of all parts. A replica may know less than the process does.
func (p *Part) take(rows []Row, sent time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range rows {
		if r.Part != p.name {
			continue
		}
		if p.known && r.Step < p.row.Step {
			return
		}
		if p.known && r.Step > p.row.Step {
			p.presence.o.Log.Info("a move goes on", "part", p.name, "phase", r.Phase)
		}
		p.row, p.known, p.sent = r, true, sent
		return
	}
	if !p.known {
		p.sent = sent
	}
}

// addFacts tells which places the process has, and which one it serves.
func (p *Part) addFacts(facts map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	facts[p.name+".own"] = Fingerprint(p.own)
	if p.next != "" {
		facts[p.name+".next"] = Fingerprint(p.next)
	}
	if choice, err := p.choose(); err == nil && !p.sent.IsZero() {
		facts[p.name] = Fingerprint(choice.InCharge)
	}
}
