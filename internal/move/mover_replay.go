package move

// onReplay brings what was written in the source into the target: first the log, then the rows as they are now, then
// the target, and last of all exactly those entries of the log are deleted.
func (m *Mover) onReplay(ev Event) Effect {
	if m.sealed && m.now >= m.deadline {
		return m.enter(givingUp)
	}
	if ev.Err != nil {
		// Rows are written again: they are read anew, so nothing gets older by it.
		return m.again(readingLog)
	}
	switch m.state {
	case readingLog:
		m.log, m.more = ev.Log, len(ev.Log) == m.limit
		if len(m.log) == 0 {
			return m.complete()
		}
		return m.enter(readingRows)
	case readingRows:
		if len(ev.Log) > 0 && len(ev.Log) < len(m.log) {
			m.log, m.more = ev.Log, true
		}
		m.state = writingRows
		return Effect{Op: OpWriteRows, Side: Target, Epoch: m.epoch, Mover: m.id, Batch: ev.Batch}
	case writingRows:
		if !ev.OK { // another epoch
			if m.sealed {
				return m.enter(givingUp)
			}
			return m.read(Source)
		}
		return m.enter(deletingLog)
	}
	if !m.sealed && !m.more {
		// As good as caught up. People go on writing: the log is empty only once the source is sealed.
		return m.complete()
	}
	return m.enter(readingLog)
}

func (m *Mover) complete() Effect {
	if m.stays {
		return m.pauseFor(replayEvery, readingLog)
	}
	return m.enter(comparing)
}

// onCompared goes on to the switch, or to its decision.
func (m *Mover) onCompared(ev Event) Effect {
	if ev.Err != nil {
		return m.again(readingLog)
	}
	switch {
	case !m.sealed && !ev.OK:
		// Nobody's writes are held for a switch that would not come about.
		if m.differed++; m.differed == maxDiffers {
			return m.end(Differs)
		}
		return m.pause(readingLog)
	case !m.sealed && !m.short:
		return m.enter(watching)
	case !m.sealed && m.now < m.next:
		return m.pauseFor(min(m.next-m.now, retryPause), readingLog)
	case !m.sealed:
		return m.enter(holding)
	case m.now >= m.deadline:
		return m.enter(givingUp)
	case !ev.OK:
		m.differed++
		return m.enter(givingUp)
	}
	return m.enter(proving)
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
