package move

import (
	"fmt"
	"time"
)

// member writes one row again and again, and reads it, each time through any process.
type member struct {
	w     *world
	key   string
	next  int         // the next value to write
	acked int         // the last value whose write was acknowledged
	ids   map[int]int // acknowledged writes by their id, which is the value
}

// gone tells whether the value stands for a deleted row.
func gone(value int) bool { return value%7 == 0 }

func idKey(key string, value int) string { return fmt.Sprintf("%s/%d", key, value) }

// live has the member act until the end.
func (m *member) live() {
	w := m.w
	if w.finished {
		return
	}
	p := w.procs[w.rng.IntN(len(w.procs))]
	again := func() { w.at(w.between(time.Millisecond, 60*time.Millisecond), m.live) }
	if !p.alive {
		again()
		return
	}
	// Whoever waits at a process that dies, or too long, goes on elsewhere without an answer.
	done := false
	end := func() {
		if !done {
			done = true
			again()
		}
	}
	w.at(12*time.Second, end)
	if w.chance(0.5) {
		m.next++
		value := m.next
		p.run(func() {
			p.write(m.key, value, w.now, func() bool { return done }, func() {
				if !done {
					m.acked = value
					m.ids[value]++
				}
				end()
			}, end)
		})
		return
	}
	acked := m.acked
	p.run(func() {
		p.read(m.key, func() bool { return done }, func(r row, ok bool) {
			if !done {
				m.check(acked, r, ok)
			}
			end()
		}, end)
	})
}

// check holds what was read against what the member had been told before.
func (m *member) check(acked int, r row, ok bool) {
	switch {
	case ok && r.value < acked:
		m.w.fail("%s reads %d after the acknowledged write of %d", m.key, r.value, acked)
	case !ok && acked > 0 && !gone(acked) && !m.deletedSince(acked):
		m.w.fail("%s finds nothing after the acknowledged write of %d", m.key, acked)
	}
}

// deletedSince tells whether a later write, acknowledged or not, may have deleted the row.
func (m *member) deletedSince(acked int) bool {
	for v := acked + 1; v <= m.next; v++ {
		if gone(v) {
			return true
		}
	}
	return false
}

// deletedAfter tells whether a write of the same member that began after that one has deleted the row already.
func (w *world) deletedAfter(db *database, key string, value int) bool {
	for _, m := range w.members {
		for v := value + 1; m.key == key && v <= m.next; v++ {
			if _, there := db.rows[idKey(key, v)]; there && gone(v) {
				return true
			}
		}
	}
	return false
}

// served waits until the process may do it, and says in which place.
func (p *process) served(write bool, gaveUp func() bool, do func(*database), failed func()) {
	if gaveUp() {
		return
	}
	f := p.follower
	ok := p.clock() < f.ReadableUntil()
	if write {
		ok = f.Writable(p.clock())
	}
	if p.w.plan.fault == withoutLease && !write {
		ok = true
	}
	if db := p.w.dbs[f.Side()]; !ok && !write && p.clock() < f.ByReplicasUntil() && p.away(db) {
		// What a replica has may be old while the primary is away. But nobody may have gone on elsewhere.
		p.w.byReplica++
		if p.w.dbs[f.Side().Other()].gate.Mode == Open {
			p.w.fail("%s reads a replica of the %s, which the site has left", p.id, f.Side())
		}
		failed()
		return
	}
	if !ok {
		p.after(15*time.Millisecond, func() { p.served(write, gaveUp, do, failed) })
		return
	}
	do(p.w.dbs[f.Side()])
}

func (p *process) read(key string, gaveUp func() bool, got func(row, bool), failed func()) {
	p.served(false, gaveUp, func(db *database) {
		var r row
		var there bool
		p.ask(db, 5*time.Second, func(reply func(Event)) {
			r, there = db.rows[key]
			reply(Event{})
		}, func(ev Event) {
			if ev.Err != nil {
				failed()
				return
			}
			got(r, there)
		})
	}, failed)
}

// write is a transaction of the site: whole again on a refusal, and looked up where the answer to COMMIT is lost.
func (p *process) write(key string, value int, since time.Duration, gaveUp func() bool, acked, failed func()) {
	again := func() {
		p.after(15*time.Millisecond, func() { p.write(key, value, since, gaveUp, acked, failed) })
	}
	p.served(true, gaveUp, func(db *database) {
		w := p.w
		w.txs++
		tx := &transaction{id: w.txs, db: db}
		p.begin(tx, key, value, func(ev Event) {
			if ev.Err == nil {
				p.waited(since)
			}
			switch {
			case ev.Err == errSealed:
				again()
			case ev.Err != nil:
				failed() // it rolls back when the connection is found broken
			case ev.Done:
				acked() // an earlier try was done
			default:
				// Between two statements the process may be as slow as it likes.
				d := w.between(0, 25*time.Millisecond)
				if w.chance(0.02) {
					d = w.between(50*time.Millisecond, 600*time.Millisecond)
				}
				tx.sleeps = w.now
				p.after(d, func() { p.commit(tx, key, value, acked, again, failed) })
			}
		})
	}, failed)
}

// waited notes that a write was let in that has waited since then, at a process that ran all the time and
// reached both databases.
func (p *process) waited(since time.Duration) {
	w := p.w
	if p.booted+2*time.Second > since || max(p.hungUntil, p.cutUntil[Source], p.cutUntil[Target]) > since {
		return
	}
	w.longest = max(w.longest, w.now-since)
	if w.longest > writeWait && w.plan.fault == noFault && !w.plan.chaos {
		w.fail("a write waited for %v", w.longest)
	}
}

// writeWait is what R38 lets a write wait.
const writeWait = 2 * time.Second

// begin runs the first write of the transaction, whose trigger reads the gate.
func (p *process) begin(tx *transaction, key string, value int, then func(Event)) {
	db := tx.db
	w := p.w
	// A connection whose process is dead is found broken, and its transaction ends.
	life := p.life
	var watch func()
	watch = func() {
		if tx.ended {
			return
		}
		if p.life != life {
			tx.end()
			return
		}
		w.at(300*time.Millisecond, watch)
	}
	w.at(300*time.Millisecond, watch)
	p.ask(db, 3*time.Second, func(reply func(Event)) {
		write := func() {
			if tx.ended { // the connection is closed
				delete(db.shared, tx.id)
				return
			}
			switch {
			case db.gate.Mode == Filling && db.place == Target:
				// It has no triggers yet that would refuse the write. The source has them while it is kept up.
				w.fail("a member's write reached the %s while it was being filled", db.place)
			case db.gate.Mode != Open:
				tx.end()
				reply(Event{Err: errSealed})
				return
			}
			if _, there := db.rows[idKey(key, value)]; there {
				tx.end()
				reply(Event{Done: true})
				return
			}
			for i := range tx.entry {
				db.numbers++
				tx.entry[i] = db.numbers
			}
			reply(Event{})
		}
		if w.plan.fault == withoutLock {
			write()
			return
		}
		l := db.share(tx, write)
		w.at(3*time.Second, func() { // innodb_lock_wait_timeout
			if db.shared[tx.id] == nil && !tx.ended && !l.abandoned {
				l.abandoned, tx.ended = true, true
				db.grant()
				reply(Event{Err: errLocked})
			}
		})
	}, func(ev Event) {
		if ev.Err == errLost {
			tx.sleeps = cmpOr(tx.sleeps, w.now)
			w.at(time.Second, func() { tx.end() }) // the process drops the connection
		}
		then(ev)
	})
}

func cmpOr(a, b time.Duration) time.Duration {
	if a != 0 {
		return a
	}
	return b
}

func (p *process) commit(tx *transaction, key string, value int, acked, again, failed func()) {
	db := tx.db
	p.ask(db, 3*time.Second, func(reply func(Event)) {
		if tx.ended {
			reply(Event{Err: errLocked})
			return
		}
		if _, there := db.rows[idKey(key, value)]; there { // a second try was quicker
			tx.end()
			reply(Event{})
			return
		}
		switch {
		case p.w.deletedAfter(db, key, value): // its process hung meanwhile
		case db.rows[key].value > value: // the member had given up, and has written more by another process
		case gone(value):
			db.remove(key)
		default:
			db.put(key, row{value})
		}
		db.put(idKey(key, value), row{value})
		if !(p.w.plan.fault == loggedLate && db.place == Target && !db.keptUp) {
			db.logged(tx.entry[0], key)
			db.logged(tx.entry[1], idKey(key, value))
		}
		tx.end()
		reply(Event{})
	}, func(ev Event) {
		switch ev.Err {
		case nil:
			acked()
		case errLost:
			again() // with the same id: it finds the row of the first try, wherever the site is by then
		default:
			failed()
		}
	})
}
