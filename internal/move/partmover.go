package move

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tintype/internal/sleep"
)

const (
	// moverSilent is how long a mover has to be silent until another may take its place.
	moverSilent = 15 * time.Second
	// moverLease is how long a mover works after it has last said that it is there.
	moverLease = 8 * time.Second
	moverSays  = 2 * time.Second
	moverPolls = 250 * time.Millisecond
	// settleTime passes in any case after a change: processes that only read are not listed.
	settleTime = readOnlyLease + time.Second
)

// A FinalError ends what a mover does: to try again by itself would not help.
type FinalError struct{ Err error }

func (e *FinalError) Error() string { return e.Err.Error() }
func (e *FinalError) Unwrap() error { return e.Err }

// MoverTable is what a mover needs of the site's database.
type MoverTable interface {
	Table
	CreateMove(context.Context, Row) (bool, error)
	ChangeMove(ctx context.Context, epoch, step int64, r Row) (bool, error)
}

// Work is what a mover does with a part. Each function may be called again after a mover has died in it. It calls
// step for each thing that it has looked at, before the next one, and stops where that fails.
type Work struct {
	// Empty makes the target empty. Nothing reads it then.
	Empty func(ctx context.Context, source, target string, step func(bytes int64) error) error
	// Copy brings to the target what it misses, in a pass that tells how much that was. It is called in PhaseWriting until
	// a pass finds nothing; in PhaseReading if SourceWhole is set.
	Copy func(ctx context.Context, source, target string, step func(bytes int64) error) (missing int64, err error)
	// SourceWhole tells that everything is in the source until PhaseMoved. The target is filled before anybody reads it,
	// and the move can be taken back until then.
	SourceWhole bool
	// Discard makes the target empty after a move was taken back; nil is Empty.
	Discard func(ctx context.Context, source, target string, step func(bytes int64) error) error
	// Settle, if set, brings to the target what it still misses in PhaseMoved, before the source is left.
	Settle func(ctx context.Context, source, target string, step func(bytes int64) error) error
	// Keep, if set, copies back to the source what has come to the target alone since that took charge. Until the move is finished, a
	// CDN may still read the source. A source that does not answer ends it with a FinalError.
	Keep func(ctx context.Context, source, target string, since time.Time, step func(bytes int64) error) error
	// Finish cleans up when the move is finished and every process knows: nothing reads the source.
	Finish func(ctx context.Context, source, target string, step func(bytes int64) error) error
	// FinishAgain has Finish called for a move that is finished already, too.
	FinishAgain bool
	// Count is how many things there are in a place, for people. Unless SourceWhole is set, it fails where the target does
	// not answer: PhaseWriting does not begin before it does.
	Count func(ctx context.Context, source string) (int64, error)
}

// PartMover drives the move of one part. It may be killed at any moment; the next one goes on where it was.
type PartMover struct {
	Table   MoverTable
	Part    string
	Setting string // that names the other place
	Name    string // who it is: the machine and the process
	Work    Work
	Back    bool // a move that begins is the way back of the one before
	Rate    int  // things a second at most; 0: as fast as it goes
	// Busy, if set, says why nothing may begin now: the database is being moved, in which the rows of moves are.
	Busy func(context.Context) error
	// Report is told of each change and, while work goes on, every now and then, once at a time. It may be nil.
	Report func(Row, PartProgress)

	reporting sync.Mutex

	mu      sync.Mutex
	row     Row
	said    time.Time
	now     PartProgress
	started time.Time // of the work of the phase
}

// Row reads the row of the part; nil where nothing was ever moved.
func (m *PartMover) Row(ctx context.Context) (*Row, error) {
	rows, err := m.Table.Moves(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Part == m.Part {
			return &r, nil
		}
	}
	return nil, nil
}

// Examine says why a move from source to target may not begin: what processes differ in, and those that lack a place,
// by name. It gives those that have been silent for a while the time to be gone.
func (m *PartMover) Examine(ctx context.Context, source, target string) error {
	if err := m.mayBegin(ctx); err != nil {
		return err
	}
	var wrong []string
	for end := time.Now().Add(GoneAfter + 5*time.Second); ; {
		list, err := Alive(ctx, m.Table)
		if err != nil {
			return err
		}
		var silent bool
		wrong, silent = m.unfit(list, source, target)
		if len(wrong) == 0 {
			return nil
		}
		if !silent || time.Now().After(end) {
			break
		}
		if err := sleep.For(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("not all processes of the site are ready for the move:\n  %s", strings.Join(wrong, "\n  "))
}

// mayBegin returns why nothing may begin now.
func (m *PartMover) mayBegin(ctx context.Context) error {
	if m.Busy == nil {
		return nil
	}
	return m.Busy(ctx)
}

// unfit lists what is wrong with processes, and tells whether all of it is wrong only with some that may have ended or not
// yet said what they have.
func (m *PartMover) unfit(list []Instance, source, target string) (wrong []string, silent bool) {
	silent = true
	for _, d := range Compare(list, nil) {
		wrong, silent = append(wrong, d.Text), false
	}
	for _, i := range list {
		var facts map[string]string
		_ = json.Unmarshal([]byte(i.Facts), &facts) // what is no object has no facts
		have := []string{facts[m.Part+".own"], facts[m.Part+".next"]}
		if have[0] == "" {
			// Its row is new, as all are in a database that the site has just moved to: it says more with its next beat.
			wrong = append(wrong, fmt.Sprintf("%s has not said yet where its %s are: wait a moment, or restart it with %s", i.Host, m.Part, m.Setting))
			continue
		}
		if !slices.Contains(have, Fingerprint(source)) || !slices.Contains(have, Fingerprint(target)) {
			wrong = append(wrong, fmt.Sprintf("%s does not have both %s and %s: restart it with %s", i.Host, source, target, m.Setting))
			silent = silent && i.AgeMs > min(i.EveryMs, followEvery.Milliseconds())+2000
		}
	}
	if len(wrong) > 1 && silent {
		slices.Sort(wrong)
	}
	return wrong, silent
}

// Move takes the part from source to target, or goes on with that. It returns when the target is in charge and every
// process knows. Ready has the last word before the target is emptied and the move begins.
func (m *PartMover) Move(ctx context.Context, source, target string, ready func(context.Context) error) error {
	return again(func() error { return m.move(ctx, source, target, ready) })
}

func (m *PartMover) move(ctx context.Context, source, target string, ready func(context.Context) error) error {
	row, err := m.Row(ctx)
	if err != nil {
		return err
	}
	if row == nil || !Phase(row.Phase).UnderWay() || Phase(row.Phase).hasMoved() && row.Target == source {
		if row != nil && InCharge(*row) != source {
			return fmt.Errorf("the %s are in %s, not in %s", people(m.Part), InCharge(*row), source)
		}
		kept := row != nil && Phase(row.Phase) == PhaseMoved && row.Source == target && m.Work.Settle != nil
		return m.work(ctx, row, Row{Part: m.Part, Source: source, Target: target}, func(ctx context.Context) error {
			if row != nil && Phase(row.Phase).hasMoved() {
				if err := m.await(ctx); err != nil { // or somebody still reads what is to be emptied
					return err
				}
			}
			if kept { // or what came to the target alone before the site left it is read by nobody, and may go
				if err := m.do(ctx, func(ctx context.Context) error { return m.Work.Settle(ctx, target, source, m.step(ctx)) }); err != nil {
					return err
				}
			}
			if err := ready(ctx); err != nil {
				return err
			}
			if err := m.do(ctx, func(ctx context.Context) error { return m.Work.Empty(ctx, source, target, m.step(ctx)) }); err != nil {
				return err
			}
			m.set(func(p *PartProgress) {
				if p.Back, p.Before = m.Back, nil; kept {
					before := ParsePartProgress(*row).Back
					p.Before = &before
				}
			})
			if err := m.advance(ctx, PhaseReading, source, target); err != nil {
				return err
			}
			// A move of the database that began since ready was asked sees this one, or is seen here.
			if err := m.mayBegin(ctx); err != nil {
				return fmt.Errorf("%w; what has begun here, tintype move abort %s takes back", err, m.Part)
			}
			return m.forward(ctx)
		})
	}
	if row.Source != source || row.Target != target {
		return fmt.Errorf("the %s are on their way from %s to %s already", people(m.Part), row.Source, row.Target)
	}
	if Phase(row.Phase) == PhaseAborting {
		return fmt.Errorf("the move of the %s is being taken back: tintype move abort %s ends that", people(m.Part), m.Part)
	}
	return m.work(ctx, row, *row, m.forward)
}

// forward goes on from the phase of the row to PhaseMoved.
func (m *PartMover) forward(ctx context.Context) error {
	for {
		r := m.held()
		if err := m.await(ctx); err != nil {
			return err
		}
		switch Phase(r.Phase) {
		case PhaseReading:
			if m.Work.SourceWhole {
				if err := m.copy(ctx, r); err != nil {
					return err
				}
			} else if err := m.do(ctx, func(ctx context.Context) error {
				_, err := m.Work.Count(ctx, r.Target) // from now on people need it
				return err
			}); err != nil {
				return err
			}
			if err := m.advance(ctx, PhaseWriting, r.Source, r.Target); err != nil {
				return err
			}
		case PhaseWriting:
			if !m.Work.SourceWhole {
				if err := m.copy(ctx, r); err != nil {
					return err
				}
			}
			if err := m.advance(ctx, PhaseMoved, r.Source, r.Target); err != nil {
				return err
			}
			m.set(func(p *PartProgress) { p.MovedMs = time.Now().UnixMilli() })
		default:
			return nil
		}
	}
}

func (m *PartMover) copy(ctx context.Context, r Row) error {
	var total int64
	if err := m.do(ctx, func(ctx context.Context) (err error) {
		total, err = m.Work.Count(ctx, r.Source)
		return err
	}); err != nil {
		return err
	}
	for pass := 1; ; pass++ {
		var missing int64
		m.set(func(p *PartProgress) {
			*p = PartProgress{Total: total, Pass: pass, Back: p.Back, Before: p.Before, Checkpoint: p.Checkpoint}
		})
		err := m.do(ctx, func(ctx context.Context) (err error) {
			missing, err = m.Work.Copy(ctx, r.Source, r.Target, m.step(ctx))
			return err
		})
		if err != nil || missing == 0 {
			return err
		}
	}
}

// Finish ends a move whose target is in charge: it cleans up what is left in the source.
func (m *PartMover) Finish(ctx context.Context) error {
	return again(func() error { return m.finish(ctx) })
}

func (m *PartMover) finish(ctx context.Context) error {
	row, err := m.Row(ctx)
	if err != nil {
		return err
	}
	if row == nil || !Phase(row.Phase).hasMoved() && Phase(row.Phase) != PhaseFinished {
		return fmt.Errorf("there is no move of the %s to finish", people(m.Part))
	}
	if Phase(row.Phase) == PhaseFinished && ParsePartProgress(*row).Note == doneNote && !m.Work.FinishAgain {
		return nil
	}
	if Phase(row.Phase) == PhaseMoved {
		if err := m.mayBegin(ctx); err != nil {
			return err
		}
	}
	return m.work(ctx, row, *row, func(ctx context.Context) error {
		if err := m.await(ctx); err != nil {
			return err
		}
		r := m.held()
		if Phase(r.Phase) == PhaseMoved && m.Work.Settle != nil {
			if err := m.do(ctx, func(ctx context.Context) error { return m.Work.Settle(ctx, r.Source, r.Target, m.step(ctx)) }); err != nil {
				return err
			}
			if err := m.enter(ctx, PhaseLeaving); err != nil {
				return err
			}
		}
		if Phase(r.Phase) != PhaseFinished {
			if err := m.enter(ctx, PhaseFinished); err != nil {
				return err
			}
		}
		if err := m.do(ctx, func(ctx context.Context) error { return m.Work.Finish(ctx, r.Source, r.Target, m.step(ctx)) }); err != nil {
			return err
		}
		m.set(func(p *PartProgress) { p.Note = doneNote })
		return nil
	})
}

// enter changes the phase, and waits until every process knows.
func (m *PartMover) enter(ctx context.Context, to Phase) error {
	r := m.held()
	if err := m.advance(ctx, to, r.Source, r.Target); err != nil {
		return err
	}
	return m.await(ctx)
}

// doneNote is in the progress of a finished move whose source was cleaned up.
const doneNote = "done"

// Abort takes back a move that has not come further than PhaseReading, or PhaseWriting if the source is whole. Else
// log-ins are in the target already: such a move goes on, and then back. A target that the site has left, and that gets what is new,
// keeps what it has.
func (m *PartMover) Abort(ctx context.Context, ready func(context.Context) error) error {
	return again(func() error { return m.abort(ctx, ready) })
}

func (m *PartMover) abort(ctx context.Context, ready func(context.Context) error) error {
	row, err := m.Row(ctx)
	if err != nil {
		return err
	}
	switch {
	case row == nil || !Phase(row.Phase).UnderWay():
		return fmt.Errorf("there is no move of the %s to take back", people(m.Part))
	case Phase(row.Phase).hasMoved():
		return fmt.Errorf("the %s are in %s already: tintype move back %s brings them back", people(m.Part), row.Target, m.Part)
	case Phase(row.Phase) == PhaseWriting && !m.Work.SourceWhole:
		if err := m.Move(ctx, row.Source, row.Target, ready); err != nil {
			return err
		}
		m.Back = true
		return m.Move(ctx, row.Target, row.Source, ready)
	}
	return m.work(ctx, row, *row, func(ctx context.Context) error {
		r := m.held()
		if Phase(r.Phase) != PhaseAborting {
			if err := m.advance(ctx, PhaseAborting, r.Source, r.Target); err != nil {
				return err
			}
		}
		if err := m.await(ctx); err != nil {
			return err
		}
		if before := ParsePartProgress(r).Before; before != nil {
			m.set(func(p *PartProgress) { *p = PartProgress{Back: *before} })
			if err := m.advance(ctx, PhaseMoved, r.Target, r.Source); err != nil {
				return err
			}
			return m.do(ctx, func(ctx context.Context) error { return m.Work.Keep(ctx, r.Target, r.Source, time.Time{}, m.step(ctx)) })
		}
		discard := m.Work.Discard
		if discard == nil {
			discard = m.Work.Empty
		}
		if err := m.do(ctx, func(ctx context.Context) error { return discard(ctx, r.Source, r.Target, m.step(ctx)) }); err != nil {
			return err
		}
		return m.advance(ctx, PhaseAborted, r.Source, r.Target)
	})
}

// firstStep is the step of a row that has just been made.
const firstStep = 1

// errChanged is that the row is no longer what the decision stood on.
var errChanged = errors.New("move: the row has changed meanwhile")

// await waits until no operation of any process goes by an older step: every process that is there has answered, and
// one that is silent has been so for long enough.
func (m *PartMover) await(ctx context.Context) error {
	step, since := m.held().Step, time.Now()
	for {
		waits, err := m.behind(ctx, step, time.Since(since))
		if err == nil && len(waits) == 0 && time.Since(since) >= settleTime {
			m.set(func(p *PartProgress) { p.Waits = nil })
			return nil
		}
		if err == nil {
			m.set(func(p *PartProgress) { p.Waits = waits })
		}
		if err := sleep.For(ctx, moverPolls); err != nil {
			return err
		}
	}
}

// behind names the processes that may still go by an older step.
func (m *PartMover) behind(ctx context.Context, step int64, waited time.Duration) ([]string, error) {
	list, err := m.Table.Instances(ctx)
	if err != nil {
		return nil, err
	}
	r := m.held()
	over := HasMoved(r) && !(Phase(r.Phase).UnderWay() && r.Part == PartMedia)
	var names []string
	for _, i := range list {
		var answers map[string]int64
		_ = json.Unmarshal([]byte(i.Parts), &answers) // what is no object is no answer
		var facts map[string]string
		_ = json.Unmarshal([]byte(i.Facts), &facts) // nor has it facts
		if _, two := facts[m.Part+".next"]; over && !two && facts[m.Part+".own"] == Fingerprint(r.Target) {
			continue // it was started with the target alone, and answers to no step
		}
		gone := i.AgeMs > max(3*i.EveryMs, GoneAfter.Milliseconds())
		if answers[m.Part] >= step || gone && waited >= GoneAfter {
			continue
		}
		// Long since gone, before this step began.
		if time.Duration(i.AgeMs)*time.Millisecond > waited+GoneAfter+3*time.Duration(i.EveryMs)*time.Millisecond {
			continue
		}
		names = append(names, i.Host)
	}
	return names, nil
}

// do runs work, and again after a while where a place did not answer.
func (m *PartMover) do(ctx context.Context, work func(context.Context) error) error {
	for {
		err := work(ctx)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if final := (*FinalError)(nil); errors.As(err, &final) {
			return err
		}
		m.set(func(p *PartProgress) { p.Done, p.Note = 0, err.Error() })
		m.report()
		if err := sleep.For(ctx, moverSays); err != nil {
			return err
		}
	}
}

// step counts a thing, and waits where the mover is too fast or has not been heard of for a while: who was stopped in
// the middle must not go on in the place of another.
func (m *PartMover) step(ctx context.Context) func(bytes int64) error {
	begun, n := time.Now(), int64(0)
	var mu sync.Mutex
	return func(bytes int64) error {
		mu.Lock()
		n++
		looked := n
		mu.Unlock()
		m.set(func(p *PartProgress) { p.Done, p.Bytes, p.Note = p.Done+1, p.Bytes+bytes, "" })
		if m.Rate > 0 {
			if early := time.Duration(looked)*time.Second/time.Duration(m.Rate) - time.Since(begun); early > 0 {
				if err := sleep.For(ctx, early); err != nil {
					return err
				}
			}
		}
		for {
			m.mu.Lock()
			lately := time.Since(m.said) < moverLease
			m.mu.Unlock()
			if lately {
				return context.Cause(ctx)
			}
			if err := sleep.For(ctx, moverPolls/5); err != nil {
				return err
			}
		}
	}
}
