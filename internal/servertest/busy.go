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

// A Load counts the answers to a test that asks all the time, and how often the site was busy.
type Load struct{ asked, busy atomic.Int64 }

// Count counts an answer, and returns it.
func (l *Load) Count(a Answer) Answer {
	l.asked.Add(1)
	if a.Busy() {
		l.busy.Add(1)
	}
	return a
}

// CountError counts what was asked by a method that returns no answer.
func (l *Load) CountError(err error) {
	l.asked.Add(1)
	if errors.Is(err, ErrBusy) {
		l.busy.Add(1)
	}
}

// Asked is how many answers there were.
func (l *Load) Asked() int64 { return l.asked.Load() }

// Check fails the test if the site was busy for more than a few: one in a hundred, and five at the beginning.
func (l *Load) Check(t testing.TB) {
	t.Helper()
	asked, busy := l.asked.Load(), l.busy.Load()
	t.Logf("the site was busy for %d of %d requests", busy, asked)
	if busy > asked/100+5 {
		t.Errorf("the site was busy for %d of %d requests, at most %d expected", busy, asked, asked/100+5)
	}
}
