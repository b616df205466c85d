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
	proving
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
	more     bool          // the log has entries beyond those
	moved    time.Duration // when the decision was known
	known    []Process     // who was registered in the source after the decision
	differed int           // attempts that ended with a difference
	failed   int           // attempts to switch that failed
	next     time.Duration // not before then is another one made
	unlocked int           // times that the source's gate could not be claimed, one after the other
	held     time.Duration // when the source was known to hold writes for the attempt; 0: that is not known
	wait     time.Duration // how long after a gate has changed a process may still go by what it was
	heldWait time.Duration // the same of a gate that held writes
	strange  int           // times that the target's gate did not fit the source's

	back  bool  // the target has everything but what the source's log names: it is the place that the site has left
	stays bool  // it never switches
	floor int64 // an epoch that the next claim has to exceed

	then moverState // after the pause
}

// NewMover makes a Mover. Its id is one that no other mover has had.
func NewMover(id string) *Mover {
	return &Mover{id: id, wait: passed(ShortLease), heldWait: passed(HoldLease), limit: LogBatch}
}

// NewMoverBack makes a Mover to the place that the site has left, which has everything but what the source's log names.
func NewMoverBack(id string) *Mover {
	m := NewMover(id)
	m.back, m.copied = true, true
	return m
}

// NewReplayer makes a Mover that keeps the place that the site has left up to date. It brings new writes there, and never
// switches. It does not begin where a move is under way, and ends when another one takes over.
func NewReplayer(id string) *Mover {
	m := NewMoverBack(id)
	m.stays = true
	return m
}

// replayEvery is how often a replayer that has caught up looks into the log.
const replayEvery = 500 * time.Millisecond

// retryPause is how long a mover waits before it repeats a question that was not answered.
const retryPause = 100 * time.Millisecond

// holdTime is how long a mover waits for processes to hold their writes. It is a courtesy, not a need: the seal waits
// for every write that began before it.
const holdTime = 250 * time.Millisecond

// listTime is how long a mover waits for the list of processes once the switch is decided. Without it every process is
// given the whole of its lease.
const listTime = 300 * time.Millisecond

// maxRest bounds how long a mover rests after an attempt that failed.
const maxRest = 30 * time.Second

// maxDiffers is how many attempts may end with a difference until a mover stops.
const maxDiffers = 3

// LogBatch is how many entries of the log are replayed at a time.
const LogBatch = 1000

// Step takes what came of the last effect and answers with the next. Now is the time of any clock that never goes back.
func (m *Mover) Step(now time.Duration, ev Event) Effect {
	m.now = now
	e := m.step(ev)
	switch e.Op {
	case OpReadLog, OpReadRows, OpWriteRows, OpDeleteLog, OpCompare:
		if m.sealed { // nobody can write until this is decided, whatever hangs
			e.For = m.left()
		}
	}
	return e
}

func (m *Mover) step(ev Event) Effect {
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
		if ev.Err != nil && m.stays {
			return m.pause(begin)
		}
		if ev.Err != nil {
			m.unlocked++
			return m.enter(endingSleepers) // it may be a lock that nobody gives back
		}
		if !ev.OK {
			return m.pause(begin)
		}
		m.unlocked = 0
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
		return Effect{Op: OpWriteRows, Side: Target, Epoch: m.epoch, Mover: m.id, Batch: ev.Batch}
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
		m.since = m.now
		return m.enter(awaitingWatch)
	case awaitingWatch:
		return m.onWatched(ev)
	case holding:
		if ev.Err != nil || !ev.OK {
			m.rest()
			return m.read(Source)
		}
		m.since, m.held = m.now, m.now
		return m.enter(awaitingHold)
	case awaitingHold:
		held := ev.Err == nil && all(ev.Processes, func(a Answer) bool { return a.Hold == m.attempt })
		if !held && m.now-m.since < holdTime && m.now < m.deadline {
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
		// Which claims anew, and with that ends the hold. Whoever writes waits behind each try.
		return m.pauseFor(min(maxRest, retryPause<<min(m.unlocked, 10)), begin)
	case proving:
		if ev.Err != nil || !ev.OK || m.now >= m.deadline {
			return m.enter(givingUp)
		}
		return m.enter(committing)
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
		m.rest()
		if m.differed == maxDiffers {
			return m.end(Differs)
		}
		return m.read(Source)
	case listing, finishing, awaitingAnswers, opening:
		return m.onFinish(ev)
	}
	return Effect{Op: OpDone}
}

// rest puts the next attempt off, the longer the more have failed: where each one fails, people would wait most of the
// time.
func (m *Mover) rest() {
	m.next = m.now + min(maxRest, 250*time.Millisecond<<min(m.failed, 10))
	m.failed++
}

// left is how much time the attempt has left.
func (m *Mover) left() time.Duration { return max(m.deadline-m.now, time.Millisecond) }

// enter goes to a state that begins with an effect of its own.
func (m *Mover) enter(s moverState) Effect {
	m.state = s
	switch s {
	case begin, readSource:
		return m.read(Source)
	case readTarget:
		return m.read(Target)
	case sealUnknown, commitUnknown:
		return Effect{Op: OpReadGate, Side: Source}
	case copying:
		return Effect{Op: OpCopy, Side: Source}
	case readingLog:
		return Effect{Op: OpReadLog, Side: Source, Limit: m.limit}
	case readingRows:
		return Effect{Op: OpReadRows, Side: Source, Log: m.log}
	case deletingLog:
		return Effect{Op: OpDeleteLog, Side: Source, Mover: m.id, Log: m.log}
	case comparing:
		return Effect{Op: OpCompare}
	case watching:
		to := m.src
		to.Watch = true
		return m.swap(Source, to, 0)
	case awaitingWatch, awaitingHold:
		return Effect{Op: OpProcesses, Side: Source}
	case holding:
		m.attempt++
		m.deadline = m.now + AttemptTime
		to := m.src
		to.Hold = m.attempt
		return m.swap(Source, to, 0)
	case sealing:
		to := m.src
		to.Mode = Sealed
		return m.swap(Source, to, m.left())
	case endingSleepers:
		return Effect{Op: OpEndSleepers, Side: Source}
	case proving:
		// Where nothing was written since the last comparison, nothing has been asked of the target since the seal. It may
		// hang, or refuse writes, and would be in charge of the site.
		to := m.dst
		to.Hold = m.attempt
		return m.swap(Target, to, m.left())
	case committing:
		to := m.src
		to.Mode, to.Hold = Moved, 0
		return m.swap(Source, to, m.left())
	case givingUp:
		to := m.src
		to.Mode, to.Hold, to.Epoch = Open, 0, m.src.Epoch+1
		return m.swap(Source, to, 0)
	case listing:
		// Nobody can write until the target is open, and a source that hangs is needed for nothing more.
		return Effect{Op: OpProcesses, Side: Source, For: listTime}
	case finishing:
		return Effect{Op: OpReadGate, Side: Target}
	case awaitingAnswers:
		return Effect{Op: OpProcesses, Side: Target}
	}
	return Effect{Op: OpDone}
}

func (m *Mover) read(p Side) Effect {
	m.state = readSource
	if p == Target {
		m.state = readTarget
	}
	return Effect{Op: OpReadGate, Side: p}
}

// swap replaces a gate that is as this mover last knew it.
func (m *Mover) swap(p Side, to Gate, wait time.Duration) Effect {
	from := &m.src
	if p == Target {
		from = &m.dst
	}
	e := Effect{Op: OpSwapGate, Side: p, From: *from, To: to, For: wait}
	*from = to
	return e
}

func (m *Mover) pauseFor(d time.Duration, then moverState) Effect {
	m.state, m.then = pausing, then
	return Effect{Op: OpPause, For: d}
}

func (m *Mover) pause(then moverState) Effect { return m.pauseFor(retryPause, then) }

// again repeats what was not answered, unless an attempt is under way and its time is up.
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
	case m.stays && ev.Gate.Mode != Open:
		return m.end(Unfit) // a switch is under way: the source is not open yet, or a mover back has sealed it
	case ev.Gate.Mode == Moved:
		m.held = 0 // it may be another mover's attempt that decided
		return m.decided()
	case ev.Gate.Mode == Filling && m.epoch != 0:
		// It was in charge when this mover began. So the switch is over, and somebody keeps this place up already.
		return m.end(TakenOver)
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
	to.Epoch, to.Mover, to.Hold, to.Watch = max(m.src.Epoch, m.floor)+1, m.id, 0, m.src.Watch && m.short
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
	case m.back && ev.Gate.Mode == Moved && ev.Gate.Generation < m.src.Generation:
		// The site has left it, and the source is open: nobody reads or writes here any more. Its epochs were those of
		// movers to the source; whoever writes here from now on has a higher one.
		if m.floor = ev.Gate.Epoch; m.floor >= m.epoch {
			return m.read(Source)
		}
		m.state = claimTarget
		to := m.dst
		to.Mode, to.Epoch, to.Mover, to.Watch, to.Hold = Filling, m.epoch, m.id, false, 0
		return m.swap(Target, to, 0)
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
