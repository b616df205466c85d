package store_test

import (
	"context"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// One address, behind which two replicas stand: connections lead to one or the other, as Aurora's reader endpoint's do.
func TestTwoReplicasBehindOneAddress(t *testing.T) {
	servertest.OnEachFlavour(t, testTwoReplicasBehindOneAddress)
}

func testTwoReplicasBehindOneAddress(t *testing.T, f servertest.Flavour) {
	t.Parallel() // to the other flavour: it mostly waits
	db := storetest.OnReplicas(t, f, 2)
	first, second := db.Replicas[0], db.Replicas[1]
	proxy := servertest.NewProxy(t, first.Port)
	db.ReplicaURLs = []string{through(t, db.ReplicaURLs[0], proxy.Port)}
	s := db.Open(t)
	acc := newAccount(t, s, "ann")
	db.CatchUp(t)

	// A second server appears behind the address, and gets known.
	proxy.Target(first.Port, second.Port)
	storetest.WaitInUse(t, s, 2)

	readBy := func(m *servertest.DatabaseServer) int { return m.Queries(t, "SELECT%markers%") }
	reads := func(p store.Position, n int) {
		t.Helper()
		for range n {
			r := begin(t, s, p)
			if _, err := r.marked(acc); err != nil {
				t.Fatal(err)
			}
			r.end()
		}
	}
	// Several requests at once, so that there are connections to both servers.
	together := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		done := make(chan error)
		_, version := s.Replicas()
		for range 8 {
			go func() {
				ctx, r := s.StartReads(ctx, store.Position(version-3000)) // long reached, so that each holds a connection
				defer r.End()
				_, err := s.MarkersOf(ctx, acc, []string{"home"})
				time.Sleep(100 * time.Millisecond) // the others need connections of their own meanwhile
				done <- err
			}()
		}
		for range 8 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	together()
	first.LogQueries(t)
	second.LogQueries(t)
	storetest.Eventually(t, time.Minute, func() bool { // else one of them was left for a moment
		together()
		return readBy(first) > 0 && readBy(second) > 0
	})

	// One of them stands still: no connection to it is used any more, though the address is the same.
	first.StopApplying(t)
	storetest.WaitInUse(t, s, 1)
	a := readBy(first)
	storetest.Eventually(t, time.Minute, func() bool { // else the other one was left, too, for a moment
		storetest.WaitInUse(t, s, 1)
		b := readBy(second)
		together()
		reads(0, 20)
		return readBy(second)-b >= 20
	})
	if n := readBy(first) - a; n != 0 {
		t.Errorf("the one that stands still had %d reads", n)
	}

	// Own writes are read whichever server a connection leads to.
	first.StartApplying(t)
	storetest.WaitInUse(t, s, 2)
	db.DelayBy(t, 2, first)
	storetest.WaitInUse(t, s, 2)
	var position store.Position
	for i := int64(1); i <= 30; i++ {
		w := begin(t, s, position)
		w.mark(acc, i)
		position = w.end()
		r := begin(t, s, position)
		if got, err := r.marked(acc); got != i || err != nil {
			t.Fatalf("%d, %v; want %d", got, err, i)
		}
		r.end()
	}
}
