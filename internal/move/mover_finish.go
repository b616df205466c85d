package move

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
		m.rest()
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
		if ev.Gate.Epoch != m.epoch {
			m.held = 0
		}
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
		if !m.everybodyAnswered(ev) && !leasesOver(m.now, m.moved, m.held, m.held != 0, m.wait, m.heldWait) {
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
