package move

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// schedules is how many random schedules a run plays, MOVE_SCHEDULES if that is set.
func schedules(t *testing.T) (first uint64, n int) {
	first, n = 1, 60
	if s := os.Getenv("TEST_SEED"); s != "" {
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal("TEST_SEED: ", err)
		}
		first = v * 100_000
	}
	if os.Getenv("TEST_ALL") != "" {
		n = 20_000
	}
	if s := os.Getenv("MOVE_SCHEDULES"); s != "" {
		v, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal("MOVE_SCHEDULES: ", err)
		}
		n = v
	}
	if testing.Short() {
		n = 20
	}
	return first, n
}

// play returns how long a write has waited at most.
func play(t *testing.T, seed uint64, p plan) time.Duration {
	t.Helper()
	w := newWorld(seed, p)
	if failures := w.run(); len(failures) > 0 {
		t.Fatalf("seed %d, plan %+v: %s", seed, p, failures[0])
	}
	return w.longest
}

func TestMoveUndisturbed(t *testing.T) {
	for seed := range uint64(20) {
		play(t, seed, plan{})
		play(t, seed, plan{back: true})
	}
}

// TestMoveAmidKillsAndHangs kills and hangs the mover and a process at every one of their steps.
func TestMoveAmidKillsAndHangs(t *testing.T) {
	w := newWorld(1, plan{})
	w.run()
	steps := w.moverSteps
	if steps < 20 {
		t.Fatalf("a move has %d steps", steps)
	}
	first, n := schedules(t)
	var plans []plan
	for step := 1; step <= steps+10; step++ {
		plans = append(plans, plan{killMover: step}, plan{killMover: step, after: true}, plan{killProcess: step})
		for _, d := range []time.Duration{700 * time.Millisecond, 5 * time.Second} {
			plans = append(plans, plan{hangMover: step, hangFor: d}, plan{hangMover: step, hangFor: d, after: true}, plan{hangProcess: step, hangFor: d + d/2})
		}
	}
	// What is not the long form takes a part of them, another one by each seed.
	every := max(1, len(plans)/(3*n))
	played, longest := 0, time.Duration(0)
	for i := int(first) % every; i < len(plans); i += every {
		longest = max(longest, play(t, first+uint64(i), plans[i]))
		played++
	}
	t.Logf("%d schedules of %d steps; the longest wait of a write is %v", played, steps, longest)
}

// TestMoveAmidALongHang has a process hang that has read the source under a long lease, and wake within that lease or
// after it: the switch waits for it.
func TestMoveAmidALongHang(t *testing.T) {
	first, n := schedules(t)
	for i := range max(3, n/3) {
		play(t, first+uint64(i), plan{sleep: time.Duration(20+i*7%130) * time.Second})
	}
}

// TestMoveWhileAProcessIsCutOff has a process lose the source's primary before a switch is near. It reads replicas for as
// long as the site cannot have moved.
func TestMoveWhileAProcessIsCutOff(t *testing.T) {
	first, n := schedules(t)
	reads := 0
	for i := range max(6, n/3) {
		w := newWorld(first+uint64(i), plan{cut: time.Duration(130+i*37%300) * time.Second, begin: time.Duration(i*23%200) * time.Second})
		if failures := w.run(); len(failures) > 0 {
			t.Fatalf("seed %d: %s", first+uint64(i), failures[0])
		}
		reads += w.byReplica
	}
	if reads == 0 {
		t.Error("no replica was read")
	}
}

// TestWayBackAmidKillsAndHangs has the old place kept up after the move, and moves back. Both movers, who keep it up and a
// process are killed and hung at every one of their steps.
func TestWayBackAmidKillsAndHangs(t *testing.T) {
	w := newWorld(1, plan{back: true})
	w.run()
	movers, keepers := w.moverSteps, w.keeperSteps
	if movers < 40 || keepers < 10 {
		t.Fatalf("a move and the way back have %d steps, who keep the old place up take %d", movers, keepers)
	}
	first, n := schedules(t)
	var plans []plan
	for step := 1; step <= movers+10; step++ {
		plans = append(plans, plan{killMover: step}, plan{killMover: step, after: true}, plan{killProcess: step})
		for _, d := range []time.Duration{700 * time.Millisecond, 5 * time.Second} {
			plans = append(plans, plan{hangMover: step, hangFor: d}, plan{hangMover: step, hangFor: d, after: true}, plan{hangProcess: step, hangFor: d + d/2})
		}
	}
	for step := 1; step <= min(keepers, 60); step++ {
		plans = append(plans, plan{killKeeper: step})
		for _, d := range []time.Duration{2 * time.Second, 15 * time.Second} {
			plans = append(plans, plan{hangKeeper: step, hangFor: d})
		}
	}
	every := max(1, len(plans)/n)
	played, longest := 0, time.Duration(0)
	for i := int(first) % every; i < len(plans); i += every {
		p := plans[i]
		p.back = true
		longest = max(longest, play(t, first+uint64(i), p))
		played++
	}
	t.Logf("%d schedules of %d and %d steps; the longest wait of a write is %v", played, movers, keepers, longest)
}

// TestMoveAtRandom has everything happen at random, and reports the seed of what goes wrong. Every other move has a way
// back.
func TestMoveAtRandom(t *testing.T) {
	first, n := schedules(t)
	var g errgroup.Group
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				seed, p := first+uint64(i), plan{chaos: true, back: i%2 == 1}
				if failures := newWorld(seed, p).run(); len(failures) > 0 {
					return fmt.Errorf("seed %d, plan %+v: %s", seed, p, failures[0])
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("%d schedules from seed %d", next.Load()-int64(runtime.GOMAXPROCS(0)), first)
}

// TestPlantedFaults leaves out one of the protocol's parts at a time. The simulation finds each by a few schedules.
func TestPlantedFaults(t *testing.T) {
	for f := noFault + 1; f < countOfFaults; f++ {
		t.Run(f.String(), func(t *testing.T) {
			played := 0
			for seed := uint64(1); seed <= 400; seed++ {
				for _, p := range []plan{
					{fault: f}, {fault: f, chaos: true},
					{fault: f, hangMover: 8 + int(seed%40), hangFor: 20 * time.Second, after: seed%3 == 0},
					{fault: f, hangProcess: 1 + int(seed%30), hangFor: time.Duration(1+seed%4) * time.Second},
					{fault: f, sleep: 40 * time.Second},
					{fault: f, cut: 8 * time.Minute, begin: time.Duration(seed%3) * time.Minute},
					{fault: f, back: true, hangKeeper: 1 + int(seed%40), hangFor: 5 * time.Second},
				} {
					played++
					failures := newWorld(seed, p).run()
					if len(failures) > 0 && !strings.Contains(failures[0], "not over") {
						t.Logf("found by schedule %d: seed %d, %s: %s", played, seed, fmt.Sprintf("%+v", p), failures[0])
						return
					}
				}
			}
			t.Fatalf("%d schedules did not find it", played)
		})
	}
}
