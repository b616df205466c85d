package servertest

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// ErrBusy is in the error of what was answered as Busy tells.
var ErrBusy = errors.New("the site is busy")

// Busy tells whether the site asks to come again: 503 with Retry-After, which is right on a machine that has too little
// time for it.
func (a Answer) Busy() bool {
	return a.Err == nil && a.Status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != ""
}

// Again asks until the site is not busy, at most so many times, and returns the last answer.
func Again(tries int, ask func() Answer) Answer {
	for {
		a := ask()
		if tries--; tries <= 0 || !a.Busy() {
			return a
		}
		time.Sleep(100 * time.Millisecond) // a client that comes again, as it was asked to
	}
}

// unlessBusy does what a test needs before it begins, again where the site is busy.
func unlessBusy(do func() error) error {
	for tries := 5; ; tries-- {
		err := do()
		if tries == 1 || !errors.Is(err, ErrBusy) {
			return err
		}
		time.Sleep(200 * time.Millisecond) // a client that comes again, as it was asked to
	}
}

// A Load counts the answers to a test that asks all the time, and how often the site was busy though the machine was not
// seen to be.
type Load struct {
	slow                 *Slow
	asked, busy, excused atomic.Int64
}

// NewLoad makes one, which looks at the machine until the test ends.
func NewLoad(t testing.TB) *Load { return &Load{slow: WatchSlow(t)} }

func (l *Load) count(busy bool) {
	l.asked.Add(1)
	switch {
	case busy && l.slow.Recently():
		l.excused.Add(1)
	case busy:
		l.busy.Add(1)
	}
}

// Count counts an answer, and returns it.
func (l *Load) Count(a Answer) Answer {
	l.count(a.Busy())
	return a
}

// CountError counts what was asked by a method that returns no answer.
func (l *Load) CountError(err error) { l.count(errors.Is(err, ErrBusy)) }

// Asked is how many answers there were.
func (l *Load) Asked() int64 { return l.asked.Load() }

// Check fails the test if the site was busy for more than a few: one in a hundred, but at most twenty, and five at the beginning.
func (l *Load) Check(t testing.TB) {
	t.Helper()
	asked, busy, most := l.asked.Load(), l.busy.Load(), min(l.asked.Load()/100, 20)+5
	t.Logf("the site was busy for %d of %d requests, and for %d on a busy machine", busy, asked, l.excused.Load())
	if busy > most {
		t.Errorf("the site was busy for %d of %d requests, at most %d expected", busy, asked, most)
	}
}
