package move

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tintype/internal/sleep"
)

// PartProgress is how far the work of a phase is. It is kept in the row.
type PartProgress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total,omitempty"` // 0: not known
	Bytes int64 `json:"bytes,omitempty"`
	Pass  int   `json:"pass,omitempty"`
	// SinceMs is how long the work has been going on.
	SinceMs int64 `json:"since_ms,omitempty"`
	// Waits names the processes that have not answered.
	Waits []string `json:"waits,omitempty"`
	Note  string   `json:"note,omitempty"`
	// Back says that the move is the way back of the one before, so that whoever asks for that again asks for the same.
	Back bool `json:"back,omitempty"`
	// Before is the Back of the move before, where this one goes to the place that the site has left by that, and that gets what is
	// new until then. Who takes this one back has that one again. nil: the target was not in use.
	Before *bool `json:"before,omitempty"`
	// MovedMs is when the target took charge, in milliseconds since 1970; 0: nobody has noted it.
	MovedMs int64 `json:"moved_ms,omitempty"`
	// Checkpoint is where the work of the phase goes on after its mover has died, as the work understands it.
	Checkpoint json.RawMessage `json:"checkpoint,omitempty"`
}

// ParsePartProgress reads the progress of a row.
func ParsePartProgress(r Row) (p PartProgress) {
	_ = json.Unmarshal([]byte(r.Progress), &p) // an older release's is no progress
	return p
}

// work does something under an epoch of its own, and gives that back.
func (m *PartMover) work(ctx context.Context, row *Row, first Row, do func(context.Context) error) error {
	m.restart()
	if err := m.claim(ctx, row, first); err != nil {
		return err
	}
	// What is to be done was decided by the row as it was. Another mover may have been at work since.
	if step := m.held().Step; row != nil && step != row.Step || row == nil && step != firstStep {
		m.release(ctx)
		return errChanged
	}
	m.set(func(p *PartProgress) {
		was := ParsePartProgress(m.row)
		p.Checkpoint, p.MovedMs = was.Checkpoint, was.MovedMs
	})
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.renew(ctx, cancel)
	}()
	err := do(ctx)
	cause := context.Cause(ctx)
	cancel(nil)
	<-ended
	if err != nil && errors.Is(cause, ErrTakenOver) {
		return ErrTakenOver
	}
	m.release(context.WithoutCancel(ctx))
	return err
}

// again runs what decides by the row until that has not changed on the way.
func again(do func() error) error {
	for {
		if err := do(); !errors.Is(err, errChanged) {
			return err
		}
	}
}

// claim takes the row. One that another mover holds is taken once that has been silent.
func (m *PartMover) claim(ctx context.Context, row *Row, first Row) error {
	if row == nil {
		first.Phase, first.Step, first.Epoch, first.Mover, first.Progress = string(PhaseAborted), firstStep, 1, m.Name, "{}"
		made, err := m.Table.CreateMove(ctx, first)
		if err != nil {
			return err
		}
		if made {
			m.hold(first)
			return nil
		}
	}
	lowest := int64(-1)
	for {
		row, err := m.Row(ctx)
		if err != nil {
			return err
		}
		if row == nil {
			return errors.New("move: the row of the move is gone")
		}
		if row.Mover == "" || row.AgeMs >= moverSilent.Milliseconds() {
			own := *row
			own.Epoch, own.Mover = row.Epoch+1, m.Name
			took, err := m.Table.ChangeMove(ctx, row.Epoch, row.Step, own)
			if err != nil {
				return err
			}
			if took {
				m.hold(own)
				return nil
			}
		}
		if lowest >= 0 && row.AgeMs < lowest {
			return fmt.Errorf("%s is moving the %s; tintype move status tells how far it is", row.Mover, people(m.Part))
		}
		lowest = row.AgeMs
		if err := sleep.For(ctx, time.Second); err != nil {
			return err
		}
	}
}

func (m *PartMover) hold(r Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.row, m.said = r, time.Now()
	was := ParsePartProgress(r)
	m.now.Back, m.now.Before = was.Back, was.Before
}

// held is the row as this mover has written it.
func (m *PartMover) held() Row {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.row
}

func (m *PartMover) set(f func(*PartProgress)) {
	m.mu.Lock()
	f(&m.now)
	m.now.SinceMs = time.Since(m.started).Milliseconds()
	m.mu.Unlock()
}

// restart begins the progress of another phase.
func (m *PartMover) restart() {
	m.mu.Lock()
	m.now, m.started = PartProgress{Back: m.now.Back, Before: m.now.Before}, time.Now()
	m.mu.Unlock()
}

// write writes the row with what change makes of it. An answer that was lost is looked up.
func (m *PartMover) write(ctx context.Context, change func(*Row)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, to := m.row, m.row
	change(&to)
	m.now.SinceMs = time.Since(m.started).Milliseconds()
	text, err := json.Marshal(m.now)
	if err != nil {
		return err
	}
	to.Progress = string(text)
	sent := time.Now()
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	done, err := m.Table.ChangeMove(ctx, from.Epoch, from.Step, to)
	if err != nil || !done {
		now, lookErr := m.Row(ctx)
		switch {
		case lookErr != nil:
			return errors.Join(err, lookErr)
		case now == nil || now.Epoch != from.Epoch:
			return ErrTakenOver
		case now.Step != to.Step || now.Mover != to.Mover:
			return errors.Join(err, errors.New("move: the row was not written"))
		}
	}
	m.row, m.said = to, sent
	return nil
}

// renew says every now and then that the mover is there, and how far it is.
func (m *PartMover) renew(ctx context.Context, lost context.CancelCauseFunc) {
	for {
		if sleep.For(ctx, moverSays) != nil {
			return
		}
		if err := m.write(ctx, func(*Row) {}); errors.Is(err, ErrTakenOver) {
			lost(ErrTakenOver)
			return
		}
		m.report()
	}
}

// release lets another mover begin at once.
func (m *PartMover) release(ctx context.Context) {
	_ = m.write(ctx, func(r *Row) { r.Mover = "" }) // or it waits a little
	m.report()
}

func (m *PartMover) report() {
	if m.Report == nil {
		return
	}
	m.reporting.Lock() // or an older state might be reported after a newer one
	defer m.reporting.Unlock()
	m.mu.Lock()
	row, now := m.row, m.now
	m.mu.Unlock()
	m.Report(row, now)
}

// advance changes the phase. It tries again until the database answers.
func (m *PartMover) advance(ctx context.Context, to Phase, source, target string) error {
	step := m.held().Step + 1
	m.restart()
	for {
		err := m.write(ctx, func(r *Row) { r.Phase, r.Step, r.Source, r.Target = string(to), step, source, target })
		if err == nil {
			m.restart()
			m.report()
			return nil
		}
		if errors.Is(err, ErrTakenOver) {
			return err
		}
		if err := sleep.For(ctx, time.Second); err != nil {
			return err
		}
	}
}

// command is the one that asks for the move once more, which is what Keep is for.
func (m *PartMover) command() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now.Back {
		return "move back " + m.Part
	}
	return "move " + m.Part
}

// Keep brings to the source of a move that is not finished what did not come to both places since the target took charge.
func (m *PartMover) Keep(ctx context.Context) error {
	if m.Work.Keep == nil {
		return nil
	}
	return again(func() error {
		row, err := m.Row(ctx)
		if err != nil || row == nil || Phase(row.Phase) != PhaseMoved {
			return err
		}
		return m.work(ctx, row, *row, func(ctx context.Context) error {
			r, since := m.held(), time.Time{}
			if ms := ParsePartProgress(*row).MovedMs; ms > 0 {
				since = time.UnixMilli(ms)
			}
			return m.do(ctx, func(ctx context.Context) error { return m.Work.Keep(ctx, r.Source, r.Target, since, m.step(ctx)) })
		})
	})
}
