package move

import (
	"testing"
	"time"
)

// A process goes only to the place to which the one that it has says that the site has moved. It serves nothing, and
// changes nothing, where DATABASE_NEXT names another: an empty database, one of another site, the target of another move.
func TestAFollowerGoesToNoOtherPlace(t *testing.T) {
	moved := Gate{Mode: Moved, Generation: 3, Move: "ours"}
	filled := Gate{Mode: Filling, Generation: 3, Move: "ours"}
	for name, c := range map[string]struct {
		has, other Gate
		goes       bool
	}{
		"an empty database":                   {moved, Gate{Mode: Open}, false},
		"the target of another move":          {moved, Gate{Mode: Filling, Generation: 3, Move: "another"}, false},
		"the sealed target of another move":   {moved, Gate{Mode: Sealed, Generation: 4, Move: "another"}, false},
		"one of which the site was before":    {moved, Gate{Mode: Open, Generation: 3, Move: "ours"}, false},
		"one that the site has left, too":     {moved, Gate{Mode: Moved, Generation: 4, Move: "ours"}, false},
		"where the site is":                   {moved, Gate{Mode: Open, Generation: 4, Move: "ours"}, true},
		"where the site is, finished":         {moved, Gate{Mode: Open, Generation: 4}, true},
		"where the site is about to be":       {moved, Gate{Mode: Filling, Generation: 2, Move: "ours"}, true},
		"where the site is about to open":     {moved, Gate{Mode: Sealed, Generation: 4, Move: "ours"}, true},
		"a target, and an empty database":     {filled, Gate{Mode: Open}, false},
		"a target, and another move's source": {filled, Gate{Mode: Open, Generation: 3, Move: "another"}, false},
		"a target, and its source":            {filled, Gate{Mode: Open, Generation: 3, Move: "ours"}, true},
		"a place that is kept up":             {filled, Gate{Mode: Open, Generation: 4, Move: "ours"}, true},
		"what was emptied":                    {Gate{Mode: Filling, Generation: 1}, Gate{Mode: Open}, true},
	} {
		f := NewFollower()
		gates := [2]Gate{c.has, c.other}
		var now time.Duration
		var ev Event
		swapped, served, strange := false, false, false
		for range 200 {
			e := f.Step(now, ev)
			ev, now = Event{OK: true}, now+time.Millisecond
			switch e.Op {
			case OpPause:
				now += e.For
			case OpReadGate:
				ev.Gate = gates[e.Side]
			case OpSwapGate:
				swapped = true
				gates[e.Side] = e.To
			}
			served = served || now < f.ReadableUntil()
			strange = strange || f.Strange().Mode != ""
		}
		if served != c.goes || strange == c.goes || swapped && !c.goes || c.goes && f.Side() != Target {
			t.Errorf("%s: served %v, changed %v, strange %v, serves the %s", name, served, swapped, strange, f.Side())
		}
	}
}

// A target is sealed without a hold. A process that comes late does not open it before others' leases on the source are over.
func TestALateFollowerOpensNoSealedTarget(t *testing.T) {
	f := NewFollower()
	now := time.Hour // since its start: its first answer came late
	ev := Event{}
	seen := time.Duration(0)
	for range 400 {
		e := f.Step(now, ev)
		ev, now = Event{OK: true}, now+time.Millisecond
		switch e.Op {
		case OpPause:
			now += e.For
		case OpReadGate:
			ev.Gate = Gate{Mode: Sealed, Generation: 4, Epoch: 3}
			if seen == 0 {
				seen = now
			}
		case OpSwapGate:
			if now-seen < AbandonAfter {
				t.Fatalf("it is opened %v after it was first seen sealed", now-seen)
			}
			return
		}
	}
	t.Error("it is never opened")
}

// A process whose answer is lost because the primary falls silent registers anew later. Meanwhile replicas may tell that no
// switch is near.
func TestAFollowerThatCannotRegisterAsksReplicas(t *testing.T) {
	f := NewFollower()
	ev, now := Event{}, time.Duration(0)
	away, asked := false, false
	for range 3000 {
		e := f.Step(now, ev)
		ev, now = Event{OK: true}, now+time.Millisecond
		if e.Op == OpAnswer && e.Answer != (Answer{}) {
			away = true
		}
		switch {
		case e.Op == OpPause:
			now += e.For
		case e.Op == OpReadReplica:
			asked = true
			ev.Gate = Gate{Mode: Open, Generation: 1}
		case away:
			ev.Err = errLost
		case e.Op == OpReadGate:
			ev.Gate = Gate{Mode: Open, Generation: 1}
		}
	}
	if !away || !asked || now >= f.ByReplicasUntil() {
		t.Errorf("away %v, a replica was asked %v, they may be read until %v of %v", away, asked, f.ByReplicasUntil(), now)
	}
}
