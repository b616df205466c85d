package session

import (
	"sync"
	"time"
)

const (
	// touchPause is how long this process leaves a session alone whose use it has just noted, or tried to.
	touchPause = time.Minute
	// maxTouches bounds the memory of them; past it all are forgotten, which costs a write each.
	maxTouches = 4096
)

// touches remembers which sessions this process has just touched: the many requests that arrive together after a day
// have all read the same record.
type touches struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// first is true for one of the callers that come with the same hash within touchPause.
func (t *touches) first(hash string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.last[hash]; ok && now.Sub(at) < touchPause {
		return false
	}
	if t.last == nil || len(t.last) >= maxTouches {
		t.last = make(map[string]time.Time)
	}
	t.last[hash] = now
	return true
}
