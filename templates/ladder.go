package templates

import "strconv"

// LadderView is /admin/ladder.
type LadderView struct {
	Verdict string // in a sentence
	Minutes int    // of the last day in which the site was measured
	Rungs   []LadderRung
	Signals []LadderSignal
	Advice  []LadderStep
	Waste   []LadderStep
	Prices  string // of when they are, and how far they can be trusted
}

// LadderRung is what a part of the site stands on.
type LadderRung struct {
	Part    string
	Rung    int
	Backend string
	Uses    []LadderUse // by process
}

// LadderUse proves that a process uses a part.
type LadderUse struct {
	Process string
	Counts  string // "12 reads, 3 writes"
}

// LadderSignal is something that is measured by the minute. Its figures have their unit.
type LadderSignal struct{ Name, About, Now, Median, Worst string }

// LadderStep is a step that is worth taking, or one that would be a waste.
type LadderStep struct {
	Rung     int
	Title    string
	Why      string
	Cost     string // "costs about 62 USD a month more"
	Text     string // what to do
	Settings []string
	Commands []string
}

func (s LadderStep) heading() string { return "Rung " + strconv.Itoa(s.Rung) + ": " + s.Title }
