package move

import (
	"fmt"
	"strings"
	"time"
)

// Describe says in sentences where a part is, and what is being done about it.
func Describe(r Row) string {
	what, now := people(r.Part), ParsePartProgress(r)
	trouble := ""
	if !PartAtWork(r) { // nobody goes on at that pace, waits or tries again
		trouble = now.Trouble()
		now.SinceMs, now.Waits, now.Note = 0, nil, ""
	}
	var text string
	phase := Phase(r.Phase)
	switch phase {
	case PhaseReading, PhaseWriting:
		text = fmt.Sprintf("The %s are moving from %s to %s: %s.", what, r.Source, r.Target, DescribeWork(r, now))
	case PhaseMoved, PhaseLeaving:
		text = fmt.Sprintf("The %s are in %s; %s still has the old ones, until `tintype move finish %s`.", what, r.Target, r.Source, r.Part)
	case PhaseFinished:
		text = fmt.Sprintf("The %s are in %s, where they were moved from %s.", what, r.Target, r.Source)
	case PhaseAborting:
		text = fmt.Sprintf("The move of the %s to %s is being taken back; they are in %s.", what, r.Target, r.Source)
	default:
		text = fmt.Sprintf("The %s are in %s. A move to %s was taken back, or did not begin.", what, r.Source, r.Target)
	}
	nobody := "Nobody is at work"
	if r.Mover != "" { // it was killed, or it hangs
		nobody = fmt.Sprintf("%s was at work, and has not been heard of for %s", r.Mover, (time.Duration(r.AgeMs) * time.Millisecond).Round(time.Second))
	}
	switch {
	case PartAtWork(r):
		text += fmt.Sprintf(" %s is at work, heard of %d s ago.", r.Mover, r.AgeMs/1000)
	case phase == PhaseReading || phase == PhaseWriting:
		text += fmt.Sprintf(" %s: `tintype move %s` goes on.", nobody, r.Part)
	case phase == PhaseAborting:
		text += fmt.Sprintf(" %s: `tintype move abort %s` goes on.", nobody, r.Part)
	}
	if trouble != "" && phase != PhaseFinished && phase != PhaseAborted {
		text += " What went wrong last: " + trouble + "."
	}
	return text
}

// LeftAlone tells whether a move was begun that is not through, and nobody goes on with it.
func LeftAlone(r Row) bool {
	switch Phase(r.Phase) {
	case PhaseReading, PhaseWriting, PhaseAborting:
		return !PartAtWork(r)
	}
	return false
}

// PartAtWork tells whether somebody moves the part now.
func PartAtWork(r Row) bool { return r.Mover != "" && r.AgeMs < moverSilent.Milliseconds() }

// DescribeWork says what is being done, and how far it is.
func DescribeWork(r Row, now PartProgress) string {
	what := people(r.Part)
	var text string
	switch Phase(r.Phase) {
	case PhaseReading, PhaseWriting:
		text = "every process learns to use both places"
		if now.Pass > 0 {
			text = fmt.Sprintf("pass %d, %d of about %d %s", now.Pass, now.Done, max(now.Total, now.Done), what)
			if now.Bytes > 0 && now.SinceMs > 0 {
				text += fmt.Sprintf(", %.1f MB, %.1f MB a second", float64(now.Bytes)/1e6, float64(now.Bytes)/1e3/float64(now.SinceMs))
			}
			if left := now.Left(); left > 0 {
				text += fmt.Sprintf(", %.0f a second, about %s left", now.PerSecond(), left)
			}
		}
	case PhaseMoved, PhaseLeaving:
		text = r.Target + " is in charge"
	case PhaseFinished:
		text = "cleaning up"
	case PhaseAborting:
		text = "everything stays in " + r.Source
	default:
		text = "checking"
	}
	if now.Done > 0 && now.Pass == 0 {
		text += fmt.Sprintf(", %d %s looked at", now.Done, what)
	}
	if len(now.Waits) > 0 {
		text += "; waits for " + strings.Join(now.Waits, ", ")
	}
	if now.Note != "" && now.Note != doneNote {
		text += "; tries again: " + now.Note
	}
	return text
}

// PerSecond is how many things are done a second.
func (p PartProgress) PerSecond() float64 {
	if p.SinceMs == 0 {
		return 0
	}
	return float64(p.Done) * 1000 / float64(p.SinceMs)
}

// Left is about how long the work of the phase goes on, 0 where nobody knows.
func (p PartProgress) Left() time.Duration {
	rate := p.PerSecond()
	if rate == 0 || p.Total <= p.Done {
		return 0
	}
	return time.Duration(float64(p.Total-p.Done) / rate * float64(time.Second)).Round(time.Second)
}

// Trouble is what went wrong last, "" for nothing.
func (p PartProgress) Trouble() string {
	if p.Note == doneNote {
		return ""
	}
	return p.Note
}
