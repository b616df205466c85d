package move

import (
	"cmp"
	"slices"
	"time"
)

type row struct{ value int }

type database struct {
	w         *world
	place     Side
	gate      Gate
	gates     []gateAt // as it was, for its replica
	rows      map[string]row
	order     []string   // the keys of rows, in order
	log       []LogEntry // by number
	numbers   int64
	processes map[string]Answer
	hungUntil time.Duration

	shared  map[int]*transaction // who holds the gate's row in share mode
	waiting []*lockWait
	copied  int  // the checkpoint of a copy into this database
	keptUp  bool // somebody has begun to keep the other one up
}

type gateAt struct {
	at   time.Duration
	gate Gate
}

// gateBefore is the gate as a replica has it that lags so far behind.
func (db *database) gateBefore(lag time.Duration) Gate {
	g := db.gates[0].gate
	for _, was := range db.gates {
		if was.at <= db.w.now-lag {
			g = was.gate
		}
	}
	return g
}

type lockWait struct {
	tx        *transaction // nil for an exclusive lock
	granted   func()
	abandoned bool
}

// transaction is a member's write inside a database.
type transaction struct {
	id     int
	db     *database
	entry  [2]int64
	sleeps time.Duration // since when its process has sent nothing; 0 while it is at work
	ended  bool
}

func (db *database) whenUp(do func()) {
	if db.w.now < db.hungUntil {
		db.w.at(db.hungUntil-db.w.now, func() { db.whenUp(do) })
		return
	}
	do()
}

// share takes the gate's row in share mode for a transaction.
func (db *database) share(tx *transaction, granted func()) *lockWait {
	l := &lockWait{tx: tx, granted: granted}
	db.waiting = append(db.waiting, l)
	db.grant()
	return l
}

// exclusive runs work with the gate's row locked, or calls failed after the patience.
func (db *database) exclusive(patience time.Duration, work, failed func()) {
	l := &lockWait{}
	l.granted = func() {
		l.abandoned = true
		work()
	}
	db.waiting = append(db.waiting, l)
	db.grant()
	if !l.abandoned {
		db.w.at(patience, func() {
			if !l.abandoned {
				l.abandoned = true
				db.grant()
				failed()
			}
		})
	}
}

// grant gives the lock in the order of the questions.
func (db *database) grant() {
	for len(db.waiting) > 0 {
		l := db.waiting[0]
		if !l.abandoned && l.tx == nil && len(db.shared) > 0 {
			return
		}
		db.waiting = db.waiting[1:]
		if l.abandoned {
			continue
		}
		if l.tx != nil {
			db.shared[l.tx.id] = l.tx
		}
		l.granted()
	}
}

func (tx *transaction) end() {
	tx.ended = true
	delete(tx.db.shared, tx.id)
	tx.db.grant()
}

func (db *database) put(key string, r row) {
	if _, there := db.rows[key]; !there {
		i, _ := slices.BinarySearch(db.order, key)
		db.order = slices.Insert(db.order, i, key)
	}
	db.rows[key] = r
}

func (db *database) remove(key string) {
	if i, there := slices.BinarySearch(db.order, key); there {
		db.order = slices.Delete(db.order, i, i+1)
	}
	delete(db.rows, key)
}

type batch struct {
	rows   map[string]*row // nil: the row is gone
	copied int             // the checkpoint, 0 for none
}

func (db *database) swap(e Effect, keeper bool, reply func(Event)) {
	w := db.w
	if keeper && db.place == Target && w.backBegun {
		reply(Event{})
		return
	}
	wait := cmp.Or(e.For, time.Second)
	if w.plan.fault == decideByReads {
		ok := db.gate == e.From
		w.at(w.between(0, 200*time.Millisecond), func() {
			if ok {
				db.setGate(e.To)
			}
			reply(Event{OK: ok})
		})
		return
	}
	db.exclusive(wait, func() {
		ok := db.gate == e.From && !(keeper && db.place == Target && w.backBegun)
		if ok {
			db.setGate(e.To)
			db.keptUp = db.keptUp || keeper
		}
		reply(Event{OK: ok})
	}, func() { reply(Event{Err: errLocked}) })
}

func (db *database) setGate(g Gate) {
	w := db.w
	if db.place == Source && g.Mode == Sealed && w.plan.fault == openedEarly {
		w.dbs[Target].gate.Mode = Open
	}
	db.gate = g
	db.gates = append(db.gates, gateAt{w.now, g})
	if w.dbs[Source].gate.Mode == Open && w.dbs[Target].gate.Mode == Open {
		w.fail("both places are open")
	}
}

// logged adds an entry. Whoever has the lower number may commit later.
func (db *database) logged(number int64, key string) {
	i, _ := slices.BinarySearchFunc(db.log, number, byNumber)
	db.log = slices.Insert(db.log, i, LogEntry{Number: number, Key: key})
}

func byNumber(e LogEntry, number int64) int { return cmp.Compare(e.Number, number) }

func (db *database) firstEntries(n int) []LogEntry { return slices.Clone(db.log[:min(n, len(db.log))]) }

func (db *database) rowsOf(list []LogEntry) *batch {
	b := &batch{rows: map[string]*row{}}
	for _, l := range list {
		b.rows[l.Key] = nil
		if r, ok := db.rows[l.Key]; ok {
			b.rows[l.Key] = &r
		}
	}
	return b
}

func (db *database) take(e Effect) bool {
	if db.w.plan.fault != withoutEpoch && (db.gate.Mode != Filling || db.gate.Epoch != e.Epoch || db.gate.Mover != e.Mover) {
		return false
	}
	b := e.Batch.(*batch)
	for k, r := range b.rows {
		if r == nil {
			db.remove(k)
		} else {
			db.put(k, *r)
		}
	}
	db.copied = max(db.copied, b.copied)
	return true
}

func (db *database) deleteLog(list []LogEntry) {
	for _, l := range list {
		if i, there := slices.BinarySearchFunc(db.log, l.Number, byNumber); there {
			db.log = slices.Delete(db.log, i, i+1)
		}
		if db.w.plan.fault == deleteByKey {
			db.log = slices.DeleteFunc(db.log, func(e LogEntry) bool { return e.Key == l.Key })
		}
	}
}
