package move

import "time"

// moverState is what a Mover waits for.
type moverState int

const (
	begin moverState = iota
	readSource
	reopenSource
	claimSource
	readTarget
	claimTarget
	copying
	copyWriting
	readingLog
	readingRows
	writingRows
	deletingLog
	comparing
	watching
	awaitingWatch
	holding
	awaitingHold
	sealing
	sealUnknown
	endingSleepers
	committing
	commitUnknown
	givingUp
	listing
	finishing
	awaitingAnswers
	opening
	pausing
	ended
)

// Mover moves a site from the source to the target. It is not safe for concurrent use.
//
// It does one thing at a time. It may be killed after any of them: another Mover begins anew, finds in the gates what
// was decided, and goes on from the driver's checkpoint.
type Mover struct {
	id    string
	state moverState
	epoch int64
	gen   int64
	src   Gate // the source's gate as it was last read or written
	dst   Gate
	now   time.Duration

	copied   bool // everything was copied once
	short    bool // no long lease is left
	sealed   bool
	attempt  int64
	deadline time.Duration // of the attempt
	since    time.Duration // when the wait in this state began
	limit    int           // entries of the log at a time
	log      []LogEntry
	moved    time.Duration // when the decision was known
	known    []Process     // who was registered in the source after the decision
	differed int           // attempts that ended with a difference
	wait     time.Duration // how long after the decision a process may still read the source
	strange  int           // times that the target's gate did not fit the source's

	then moverState // after the pause
}

// NewMover makes a Mover. Its id is one that no other mover has had.
func NewMover(id string) *Mover { return &Mover{id: id, wait: passed(ShortLease), limit: LogBatch} }

// retryPause is how long a mover waits before it asks again what was not answered.
const retryPause = 100 * time.Millisecond

// holdTime is how long a mover waits for processes to hold their writes. It is a courtesy, not a need: the seal waits
// for every write that began before it.
const holdTime = 250 * time.Millisecond

// maxDiffers is after how many attempts that end with a difference a mover stops.
const maxDiffers = 3

// LogBatch is how many entries of the log are replayed at a time.
const LogBatch = 1000

// Step takes what came of the last effect and answers with the next. Now is any clock that goes on.
func (m *Mover) Step(now time.Duration, ev Event) Effect {
	m.now = now
	switch m.state {
	case begin:
		return m.read(Source)
	case pausing:
		return m.enter(m.then)
	case readSource:
		return m.onSource(ev)
	case reopenSource:
		return m.pause(begin)
	case claimSource:
		if ev.Err != nil {
			return m.enter(endingSleepers) // it may be a lock that nobody gives back
		}
		if !ev.OK {
			return m.pause(begin)
		}
		m.epoch = m.src.Epoch
		return m.read(Target)
	case readTarget:
		return m.onTarget(ev)
	case claimTarget:
		if ev.Err != nil {
			return m.again(readTarget)
		}
		if !ev.OK {
			return m.read(Target)
		}
		if !m.copied {
			return m.enter(copying)
		}
		return m.enter(readingLog)
	case copying:
		if ev.Err != nil {
			return m.again(copying)
		}
		if ev.Done {
			m.copied = true
			return m.enter(readingLog)
		}
		m.state = copyWriting
		return Effect{Op: OpWriteRows, Place: Target, Epoch: m.epoch, Batch: ev.Batch}
	case copyWriting:
		if ev.Err != nil {
			return m.again(copying)
		}
		if !ev.OK {
			return m.read(Source)
		}
		return m.enter(copying)
	case readingLog, readingRows, writingRows, deletingLog:
		return m.onReplay(ev)
	case comparing:
		return m.onCompared(ev)
	case watching:
		if ev.Err != nil || !ev.OK {
			return m.read(Source)
		}
		m.since = now
		return m.enter(awaitingWatch)
	case awaitingWatch:
		return m.onWatched(ev)
	case holding:
		if ev.Err != nil || !ev.OK {
			return m.read(Source)
		}
		m.since = now
		return m.enter(awaitingHold)
	case awaitingHold:
		held := ev.Err == nil && all(ev.Processes, func(a Answer) bool { return a.Hold == m.attempt })
		if !held && now-m.since < holdTime && now < m.deadline {
			return m.pauseFor(urgentPoll/2, awaitingHold)
		}
		return m.enter(sealing)
	case sealing:
		if ev.Err != nil || !ev.OK {
			return m.enter(sealUnknown)
		}
		m.sealed = true
		return m.enter(readingLog)
	case sealUnknown:
		return m.onSealUnknown(ev)
	case endingSleepers:
		return m.pause(begin) // which claims anew, and with that ends the hold
	case committing:
		if ev.Err != nil || !ev.OK {
			return m.enter(commitUnknown)
		}
		return m.decided()
	case commitUnknown:
		return m.onCommitUnknown(ev)
	case givingUp:
		// Whatever the answer was, the gate tells what was decided.
		m.sealed = false
		if m.differed == maxDiffers {
			return m.end(Differs)
		}
		return m.read(Source)
	case listing, finishing, awaitingAnswers, opening:
		return m.onFinish(ev)
	}
	return Effect{Op: OpDone}
}

// enter goes to a state that begins with an effect of its own.
func (m *Mover) enter(s moverState) Effect {
	m.state = s
	switch s {
	case begin, readSource:
		return m.read(Source)
	case readTarget:
		return m.read(Target)
	case sealUnknown, commitUnknown:
		return Effect{Op: OpReadGate, Place: Source}
	case copying:
		return Effect{Op: OpCopy, Place: Source}
	case readingLog:
		return Effect{Op: OpReadLog, Place: Source, Limit: m.limit}
	case readingRows:
		return Effect{Op: OpReadRows, Place: Source, Log: m.log}
	case deletingLog:
		return Effect{Op: OpDeleteLog, Place: Source, Log: m.log}
	case comparing:
		return Effect{Op: OpCompare}
	case watching:
		to := m.src
		to.Watch = true
		return m.swap(Source, to, 0)
	case awaitingWatch, awaitingHold:
		return Effect{Op: OpProcesses, Place: Source}
	case holding:
		m.attempt++
		m.deadline = m.now + AttemptTime
		to := m.src
		to.Hold = m.attempt
		return m.swap(Source, to, 0)
	case sealing:
		to := m.src
		to.Mode = Sealed
		return m.swap(Source, to, max(m.deadline-m.now, time.Millisecond))
	case endingSleepers:
		return Effect{Op: OpEndSleepers, Place: Source}
	case committing:
		to := m.src
		to.Mode, to.Hold = Moved, 0
		return m.swap(Source, to, max(m.deadline-m.now, time.Millisecond))
	case givingUp:
		to := m.src
		to.Mode, to.Hold, to.Epoch = Open, 0, m.src.Epoch+1
		return m.swap(Source, to, 0)
	case listing:
		return Effect{Op: OpProcesses, Place: Source}
	case finishing:
		return Effect{Op: OpReadGate, Place: Target}
	case awaitingAnswers:
		return Effect{Op: OpProcesses, Place: Target}
	}
	return Effect{Op: OpDone}
}

func (m *Mover) read(p Place) Effect {
	m.state = readSource
	if p == Target {
		m.state = readTarget
	}
	return Effect{Op: OpReadGate, Place: p}
}

// swap replaces a gate that is as this mover last knew it.
func (m *Mover) swap(p Place, to Gate, wait time.Duration) Effect {
	from := &m.src
	if p == Target {
		from = &m.dst
	}
	e := Effect{Op: OpSwapGate, Place: p, From: *from, To: to, For: wait}
	*from = to
	return e
}

func (m *Mover) pauseFor(d time.Duration, then moverState) Effect {
	m.state, m.then = pausing, then
	return Effect{Op: OpPause, For: d}
}

func (m *Mover) pause(then moverState) Effect { return m.pauseFor(retryPause, then) }

// again asks once more what was not answered, unless an attempt is under way and its time is up.
func (m *Mover) again(s moverState) Effect {
	if m.sealed && m.now >= m.deadline {
		return m.enter(givingUp)
	}
	if m.sealed {
		return m.pauseFor(retryPause/10, s)
	}
	return m.pause(s)
}

func (m *Mover) end(o Outcome) Effect {
	m.state = ended
	return Effect{Op: OpDone, Outcome: o}
}

// onSource decides from the source's gate where this mover stands.
func (m *Mover) onSource(ev Event) Effect {
	if ev.Err != nil {
		return m.pause(begin)
	}
	m.src = ev.Gate
	switch {
	case ev.Gate.Mode == Moved:
		return m.decided()
	case ev.Gate.Mode == Sealed:
		// A mover before this one was stopped in the middle of a switch, or it is at work: the first update decides.
		m.state = reopenSource
		to := m.src
		to.Mode, to.Hold, to.Epoch = Open, 0, m.src.Epoch+1
		return m.swap(Source, to, 0)
	case ev.Gate.Mode != Open:
		return m.end(Unfit)
	case m.epoch != 0 && ev.Gate.Mover != m.id:
		return m.end(TakenOver)
	}
	m.state = claimSource
	to := m.src
	to.Epoch, to.Mover, to.Hold, to.Watch = m.src.Epoch+1, m.id, 0, m.src.Watch && m.short
	m.short = to.Watch
	return m.swap(Source, to, 0)
}

// onTarget takes the target over under the epoch that the source gave.
func (m *Mover) onTarget(ev Event) Effect {
	if ev.Err != nil {
		return m.pause(readTarget)
	}
	m.dst = ev.Gate
	switch {
	case ev.Gate.Epoch > m.epoch, ev.Gate.Epoch == m.epoch && ev.Gate.Mover != m.id:
		return m.end(TakenOver)
	case ev.Gate.Mode != Filling:
		// It may be the end of a move that this mover does not know to be decided.
		if m.strange++; m.strange < 3 {
			return m.pause(begin)
		}
		return m.end(Unfit)
	}
	m.state = claimTarget
	to := m.dst
	to.Epoch, to.Mover = m.epoch, m.id
	return m.swap(Target, to, 0)
}

// onReplay brings what was written in the source into the target: first the log, then the rows as they are now, then
// the target, and last of all exactly those entries of the log are deleted.
func (m *Mover) onReplay(ev Event) Effect {
	if m.sealed && m.now >= m.deadline {
		return m.enter(givingUp)
	}
	if ev.Err != nil {
		// What was written is written again: the rows are read anew, so nothing gets older by it.
		return m.again(readingLog)
	}
	switch m.state {
	case readingLog:
		m.log = ev.Log
		if len(m.log) == 0 {
			return m.enter(comparing)
		}
		return m.enter(readingRows)
	case readingRows:
		m.state = writingRows
		return Effect{Op: OpWriteRows, Place: Target, Epoch: m.epoch, Batch: ev.Batch}
	case writingRows:
		if !ev.OK { // another epoch
			if m.sealed {
				return m.enter(givingUp)
			}
			return m.read(Source)
		}
		return m.enter(deletingLog)
	}
	if !m.sealed && len(m.log) < m.limit {
		// As good as caught up. People go on writing: the log is empty only once the source is sealed.
		return m.enter(comparing)
	}
	return m.enter(readingLog)
}

// onCompared goes on to the switch, or to its decision.
func (m *Mover) onCompared(ev Event) Effect {
	if ev.Err != nil {
		return m.again(readingLog)
	}
	switch {
	case !m.sealed && !m.short:
		return m.enter(watching)
	case !m.sealed:
		return m.enter(holding)
	case m.now >= m.deadline:
		return m.enter(givingUp)
	case !ev.OK:
		m.differed++
		return m.enter(givingUp)
	}
	return m.enter(committing)
}

// onWatched waits until no process can have a long lease.
func (m *Mover) onWatched(ev Event) Effect {
	acknowledged := ev.Err == nil && all(ev.Processes, func(a Answer) bool { return a.Watch >= m.epoch })
	if !acknowledged && m.now-m.since < passed(LongLease) {
		return m.pause(awaitingWatch)
	}
	m.short = true
	return m.enter(readingLog)
}

func all(list []Process, f func(Answer) bool) bool {
	for _, p := range list {
		if !f(p.Answer) {
			return false
		}
	}
	return true
}

// onSealUnknown learns whether the source is sealed after an answer that did not say so.
func (m *Mover) onSealUnknown(ev Event) Effect {
	if ev.Err != nil {
		return m.pauseFor(retryPause/10, sealUnknown)
	}
	m.src = ev.Gate
	switch {
	case ev.Gate.Mode == Sealed && ev.Gate.Epoch == m.epoch:
		m.sealed = true
		return m.again(readingLog)
	case ev.Gate.Mode == Open && ev.Gate.Epoch == m.epoch:
		return m.enter(endingSleepers)
	}
	return m.read(Source)
}

// onCommitUnknown learns what was decided after an answer that did not say so.
func (m *Mover) onCommitUnknown(ev Event) Effect {
	if ev.Err != nil {
		return m.pauseFor(retryPause/10, commitUnknown)
	}
	m.src = ev.Gate
	switch {
	case ev.Gate.Mode == Moved:
		return m.decided()
	case ev.Gate.Mode == Sealed && ev.Gate.Epoch == m.epoch && m.now < m.deadline:
		return m.enter(committing)
	case ev.Gate.Mode == Sealed && ev.Gate.Epoch == m.epoch:
		return m.enter(givingUp)
	}
	m.sealed = false
	return m.read(Source)
}

// decided begins to finish: the target is in charge from now on.
func (m *Mover) decided() Effect {
	m.sealed, m.moved, m.gen = false, m.now, m.src.Generation+1
	return m.enter(listing)
}

// onFinish seals the target, waits until no process can read the source, and opens the target.
func (m *Mover) onFinish(ev Event) Effect {
	switch m.state {
	case listing:
		m.known = nil
		if ev.Err == nil {
			m.known = ev.Processes
		}
		return m.enter(finishing)
	case finishing:
		if ev.Err != nil {
			return m.pauseFor(retryPause/4, finishing)
		}
		m.dst = ev.Gate
		switch ev.Gate.Mode {
		case Filling:
			to := m.dst
			to.Mode, to.Generation, to.Watch, to.Hold = Sealed, m.gen, true, 0
			m.state = opening // whatever the answer, the gate is read again
			return m.swap(Target, to, 0)
		case Sealed:
			return m.enter(awaitingAnswers)
		}
		return m.end(Finished)
	case awaitingAnswers:
		if !m.everybodyAnswered(ev) && m.now-m.moved < m.wait {
			return m.pauseFor(urgentPoll/2, awaitingAnswers)
		}
		to := m.dst
		to.Mode, to.Watch = Open, false
		m.state = opening
		return m.swap(Target, to, 0)
	}
	return m.enter(finishing)
}

// everybodyAnswered tells whether every process that was registered in the source serves the target now.
func (m *Mover) everybodyAnswered(ev Event) bool {
	if ev.Err != nil || len(m.known) == 0 {
		return false
	}
	serves := map[string]bool{}
	for _, p := range ev.Processes {
		serves[p.ID] = p.Answer.Generation >= m.gen
	}
	for _, p := range m.known {
		if !serves[p.ID] {
			return false
		}
	}
	return true
}
