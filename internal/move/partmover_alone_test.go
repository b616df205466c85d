package move

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An operator who was quick has started processes with the new place alone. They follow no move, and nothing waits for them,
// before the end or when the cleaning up is asked for once more.
func TestNobodyWaitsForAProcessWithTheTargetAlone(t *testing.T) {
	for _, phase := range []Phase{PhaseMoved, PhaseFinished} {
		t.Run(string(phase), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMoverTable()
				m.set(Row{Part: "sessions", Phase: string(phase), Step: 5, Epoch: 2, Source: "a", Target: "b"})
				serve(t, m, 1, "both", "1", "b")
				p := NewPresence(PresenceOptions{Table: m, ID: 2, Host: "alone", Program: "1", Every: time.Minute})
				p.AddPart("sessions", "b", "SESSION_NEXT", "")
				if err := p.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				go func() { _ = p.Run(t.Context()) }()
				mover, did := moverOf(m, "me")
				mover.Work.FinishAgain = true
				ended := make(chan error, 1)
				go func() { ended <- mover.Finish(t.Context()) }()
				select {
				case err := <-ended:
					if err != nil || did() != "clean a" || m.row().Phase != "finished" {
						t.Errorf("%v, did %q, %+v", err, did(), m.row())
					}
				case <-time.After(5 * time.Minute):
					t.Errorf("it waits for %q", ParsePartProgress(m.row()).Waits)
				}
			})
		})
	}
}

// It has to be that place, it has to be the end, and of photos that is later.
func TestWhoIsWaitedFor(t *testing.T) {
	alone := func(part, place string) string { return `{"` + part + `.own":"` + Fingerprint(place) + `"}` }
	for _, c := range []struct {
		name, part string
		phase      Phase
		facts      string
		waits      bool
	}{
		{"sessions in the target alone", "sessions", PhaseMoved, alone("sessions", "b"), false},
		{"sessions in the source alone", "sessions", PhaseMoved, alone("sessions", "a"), true},
		{"in the source alone, at the end", "sessions", PhaseFinished, alone("sessions", "a"), true},
		{"in both", "sessions", PhaseMoved, strings.Replace(alone("sessions", "b"), "}", `,"sessions.next":"x"}`, 1), true},
		{"before the target is in charge", "sessions", PhaseWriting, alone("sessions", "b"), true},
		{"photos in the target alone", "media", PhaseMoved, alone("media", "b"), true},
		{"photos while the source is left", "media", PhaseLeaving, alone("media", "b"), true},
		{"photos at the end", "media", PhaseFinished, alone("media", "b"), false},
		{"one that has said nothing", "sessions", PhaseFinished, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMoverTable()
			if err := m.SaveInstance(t.Context(), Instance{ID: 1, Host: "one", EveryMs: 1000, Facts: c.facts}); err != nil {
				t.Fatal(err)
			}
			mover, _ := moverOf(m, "me")
			mover.Part = c.part
			mover.hold(Row{Part: c.part, Phase: string(c.phase), Step: 5, Source: "a", Target: "b"})
			names, err := mover.behind(t.Context(), 5, 0)
			if err != nil || slices.Contains(names, "one") != c.waits {
				t.Errorf("waits for %q, %v", names, err)
			}
		})
	}
}
