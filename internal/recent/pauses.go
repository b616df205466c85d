package recent

import (
	"sync"
	"time"
)

// maxPauses bounds the memory of a Pauses; past it all are forgotten.
const maxPauses = 4096

// Pauses remember what was begun lately, so that it is not begun again too soon. The zero value is ready.
type Pauses[K comparable] struct {
	mu   sync.Mutex
	last map[K]time.Time
}

// First is true for one of the callers that come with the same key within the pause.
func (p *Pauses[K]) First(k K, now time.Time, pause time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.last[k]; ok && now.Sub(at) < pause {
		return false
	}
	if p.last == nil || len(p.last) >= maxPauses {
		p.last = make(map[K]time.Time)
	}
	p.last[k] = now
	return true
}

// Forget ends the pause of a key.
func (p *Pauses[K]) Forget(k K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.last, k)
}
