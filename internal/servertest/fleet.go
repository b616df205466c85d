package servertest

import (
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
)

// A Fleet is one site on several processes of the real program, behind a
// balancer: web instances, and a worker of their own.
type Fleet struct {
	*Balancer
	Web    []*Instance
	Worker *Instance
}

// NewFleet starts web instances and one worker on the database, and waits until
// all are ready. Env are settings of all of them.
func NewFleet(t testing.TB, database string, web int, env ...string) *Fleet {
	t.Helper()
	f := &Fleet{Balancer: NewBalancer(t)}
	shared := append([]string{
		"DATABASE_URL=" + database, "MIGRATE=auto", "MEDIA_DIR=" + filepath.Join(t.TempDir(), "media"), "SECRET_KEY=" + rand.Text() + rand.Text(),
		"TRUSTED_PROXIES=1", "DRAIN_DELAY=3s", "REGISTRATION=open",
	}, env...)
	start := func(roles string) *Instance {
		i := NewTintype(t, append([]string{"ROLES=" + roles}, shared...)...)
		own := i.URL
		i.Set("BASE_URL=" + f.URL)
		i.URL = own
		i.StartOnly()
		return i
	}
	for range web {
		f.Web = append(f.Web, start("web"))
	}
	f.Worker = start("worker")
	var wg sync.WaitGroup
	errs := make([]error, web+1)
	for n, i := range append(append([]*Instance{}, f.Web...), f.Worker) {
		wg.Go(func() { errs[n] = i.WaitReady(2 * startPatience) })
	}
	wg.Wait()
	for n, err := range errs {
		if err != nil {
			t.Fatalf("instance %d of the fleet: %v", n+1, err)
		}
	}
	f.Start(t, f.Web...)
	return f
}
