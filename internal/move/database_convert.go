package move

import (
	"context"
	"slices"
	"strconv"

	"tintype/internal/store"
)

func fromGate(g store.Gate) Gate {
	return Gate{Mode: Mode(g.Mode), Generation: g.Generation, Epoch: g.Epoch, Mover: g.Mover, Watch: g.Watch, Hold: g.Hold, Move: g.Move}
}

func toGate(g Gate) store.Gate {
	return store.Gate{Mode: string(g.Mode), Generation: g.Generation, Epoch: g.Epoch, Mover: g.Mover, Watch: g.Watch, Hold: g.Hold, Move: g.Move}
}

func fromLog(log []store.LoggedWrite) []LogEntry {
	out := make([]LogEntry, len(log))
	for i, l := range log {
		out[i] = LogEntry(l)
	}
	return out
}

func toLog(log []LogEntry) []store.LoggedWrite {
	out := make([]store.LoggedWrite, len(log))
	for i, l := range log {
		out[i] = store.LoggedWrite(l)
	}
	return out
}

// processes lists who is registered in a place. A process that was silent for a while is among them: it may hang with a
// lease, by which it reads the place when it wakes.
func processes(ctx context.Context, p *store.Place) ([]Process, error) {
	rows, err := p.Answers(ctx)
	if err != nil {
		return nil, err
	}
	var list []Process
	for _, r := range rows {
		list = append(list, Process{ID: strconv.FormatInt(r.ID, 10), Name: r.Host, Answer: Answer{Watch: r.Watch, Hold: r.Hold, Generation: r.Generation}})
	}
	slices.SortFunc(list, func(a, b Process) int { return compareIDs(a.ID, b.ID) })
	return list, nil
}

func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	return 1
}
