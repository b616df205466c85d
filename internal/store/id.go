package store

import (
	"math/rand/v2"
	"sync"
	"time"
)

// ids draws 64-bit ids that sort by time: 48 bits of Unix milliseconds, then 16 bits from a counter that starts at
// random in every millisecond. Two processes may still meet; see Store.TxOnce.
type ids struct {
	mu   sync.Mutex
	ms   int64
	next int64
	now  func() time.Time
}

func (g *ids) draw() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	ms := g.now().UnixMilli()
	switch {
	case ms > g.ms:
		g.ms, g.next = ms, rand.Int64N(1<<15)
	case g.next > 0xFFFF: // this millisecond is used up, or the clock went back: borrow from the next one
		g.ms, g.next = g.ms+1, rand.Int64N(1<<15)
	}
	id := g.ms<<16 | g.next
	g.next++
	return id
}

// IDTime is the moment at which the id was drawn.
func IDTime(id int64) time.Time { return time.UnixMilli(id >> 16).UTC() }

// IDAt is a random id of the moment t, for imports and demo data.
func IDAt(t time.Time) int64 { return t.UnixMilli()<<16 | rand.Int64N(1<<16) }
