package storetest

import (
	"context"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// Replicated is a site's database on a primary with replicas.
type Replicated struct {
	*servertest.Replication
	PrimaryURL  string
	ReplicaURLs []string
}

// OnReplicas starts a primary of that flavour with n replicas and migrates an empty database on them.
func OnReplicas(t testing.TB, f servertest.Flavour, n int) *Replicated {
	t.Helper()
	r := &Replicated{Replication: f.Replicas(t, n)}
	r.PrimaryURL, r.ReplicaURLs = r.NewDatabase(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := store.NewMigrator(Options(r.PrimaryURL)).Up(ctx); err != nil {
		t.Fatal(err)
	}
	r.CatchUp(t)
	return r
}

// Options are those of a process that writes to the primary and reads from the replicas.
func (r *Replicated) Options() store.Options {
	o := Options(r.PrimaryURL)
	o.Replicas = func(context.Context) ([]string, error) { return r.ReplicaURLs, nil }
	return o
}

// Open opens the database as one more process would, and waits until all replicas are in use. It is closed at the
// test's end.
func (r *Replicated) Open(t testing.TB, change ...func(*store.Options)) *store.Store {
	t.Helper()
	o := r.Options()
	for _, f := range change {
		f(&o)
	}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	WaitInUse(t, s, len(r.ReplicaURLs))
	return s
}

// WaitInUse waits until so many replicas are in use.
func WaitInUse(t testing.TB, s *store.Store, n int) {
	t.Helper()
	Eventually(t, time.Minute, func() bool { return InUse(s) == n })
}

// InUse counts the replicas in use.
func InUse(s *store.Store) int {
	n := 0
	list, _ := s.Replicas()
	for _, r := range list {
		if r.InUse {
			n++
		}
	}
	return n
}

// Eventually fails the test if the condition does not come true in time.
func Eventually(t testing.TB, patience time.Duration, condition func() bool) {
	t.Helper()
	servertest.Within(t, patience, "the condition", condition)
}
