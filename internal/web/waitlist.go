package web

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// A waitList bounds what waits for clients while nothing is worked on: bodies on
// their way in, answers on their way out. A client can fill it at next to no
// cost. So a full wait list does not turn newcomers away for those who linger: a
// newcomer cuts off the waiter that has waited longest in the fullest holder where one lingers.
type waitList struct {
	most int // in all
	each int // of one holder, see bound
	// grace is how long a waiter waits before a newcomer may cut it off: then it lingers.
	// 0 is for ever.
	grace time.Duration
	now   func() time.Time

	mu      sync.Mutex
	waiting int
	holders map[holder]*list.List // of *waiter, the oldest first
}

// A holder is what waiters are counted by: a network of strangers, or a member and its
// network. The zero holder stands for this machine and has no bound of its own.
type holder struct {
	network netip.Prefix
	members bool  // of the network
	account int64 // a known member; 0 is none
}

// A waiter is a body or an answer that waits.
type waiter struct {
	waitList *waitList
	since    time.Time
	counts   []counted
	cut      func()
	over     bool // left, or cut off
}

// counted is where a waiter stands in a holder's list.
type counted struct {
	holder holder
	at     *list.Element
}

func newWaitList(most, each int, grace time.Duration) *waitList {
	return &waitList{most: max(most, 1), each: max(each, 1), grace: grace, now: time.Now, holders: make(map[holder]*list.List)}
}

// bound is how much the level-th of a client's holders may hold: each wider one
// twice as much.
func bound(each, level int) int { return each << level }

// join lets in a waiter of the holders as, the narrowest first. It returns
// nil if the wait list refuses. Cut is called at most once, when the waiter is cut off;
// it must not call the wait list.
func (r *waitList) join(as []holder, cut func()) *waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for level, h := range as {
		if l := r.holders[h]; l != nil && h != (holder{}) && l.Len() >= bound(r.each, level) && !r.cutOldest(l, now) {
			return nil
		}
	}
	if r.waiting >= r.most && !r.cutOldest(r.fullest(now), now) {
		return nil
	}
	g := &waiter{waitList: r, since: now, cut: cut}
	for _, h := range as {
		l := r.holders[h]
		if l == nil {
			l = list.New()
			r.holders[h] = l
		}
		g.counts = append(g.counts, counted{h, l.PushBack(g)})
	}
	r.waiting++
	return g
}

// fullest is the list of the holder that has most, of those where somebody lingers.
func (r *waitList) fullest(now time.Time) *list.List {
	var most *list.List
	for _, l := range r.holders {
		if (most == nil || l.Len() > most.Len()) && r.lingers(l, now) {
			most = l
		}
	}
	return most
}

// lingers reports whether the list's oldest waiter has waited long enough.
func (r *waitList) lingers(l *list.List, now time.Time) bool {
	return r.grace > 0 && now.Sub(l.Front().Value.(*waiter).since) >= r.grace
}

// cutOldest cuts off the list's oldest waiter if that lingers, and reports whether it
// did.
func (r *waitList) cutOldest(l *list.List, now time.Time) bool {
	if l == nil || !r.lingers(l, now) {
		return false
	}
	g := l.Front().Value.(*waiter)
	r.remove(g)
	g.cut()
	return true
}

// moved begins the wait again: what was waited for has come in part.
func (g *waiter) moved() {
	r := g.waitList
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.over {
		return
	}
	g.since = r.now()
	for _, c := range g.counts {
		r.holders[c.holder].MoveToBack(c.at)
	}
}

// leave ends the wait. A nil waiter has none.
func (g *waiter) leave() {
	if g == nil {
		return
	}
	g.waitList.mu.Lock()
	defer g.waitList.mu.Unlock()
	g.waitList.remove(g)
}

func (r *waitList) remove(g *waiter) {
	if g.over {
		return
	}
	g.over = true
	r.waiting--
	for _, c := range g.counts {
		l := r.holders[c.holder]
		if l.Remove(c.at); l.Len() == 0 {
			delete(r.holders, c.holder)
		}
	}
}
