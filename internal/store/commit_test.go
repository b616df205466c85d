package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/budget"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// through is the address with another port.
func through(t *testing.T, address string, port int) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	return u.String()
}

func TestTheAnswerToCommitIsCutOff(t *testing.T) {
	servertest.OnEachFlavour(t, testTheAnswerToCommitIsCutOff)
}

func testTheAnswerToCommitIsCutOff(t *testing.T, f servertest.Flavour) {
	server := f.Server(t)
	address := server.NewDatabase(t)
	direct := storetest.MySQL(t, address)
	proxy := servertest.NewProxy(t, server.Port)
	s, err := store.Open(t.Context(), storetest.Options(through(t, address, proxy.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	for _, c := range []struct {
		name string
		pass bool // the COMMIT arrives, and only its answer gets lost
		cuts int
		gone time.Duration // how long nobody can look afterwards what became of it
		runs int
	}{
		{"committed", true, 1, 0, 1},
		{"not committed", false, 1, 0, 2},
		{"not committed, three times", false, 3, 0, 4},
		{"committed, and the server is away afterwards", true, 1, 100 * time.Millisecond, 1},
		{"not committed, and the server is away afterwards", false, 1, 100 * time.Millisecond, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			proxy.CutAt("\x03COMMIT", c.pass, c.cuts, func() {
				if c.gone > 0 {
					proxy.Refuse(true)
					proxy.CutAll()
					time.AfterFunc(c.gone, func() { proxy.Refuse(false) })
				}
			})
			runs, told := 0, 0
			var ids []int64
			id, err := s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
				ids = append(ids, id)
				runs++
				tx.AfterCommit(func() { told++ })
				return tx.AddJobID(ctx, id, "test", c.name)
			})
			if err != nil {
				t.Fatal(err)
			}
			if left := proxy.Cuts(); left > 0 {
				t.Fatalf("%d cuts did not happen", left)
			}
			// While the server is away a rerun may be tried, and fail before it changes anything.
			if runs != c.runs && c.gone == 0 {
				t.Errorf("%d runs, want %d", runs, c.runs)
			}
			for _, other := range ids {
				if other != id {
					t.Errorf("ids %v, at last %d", ids, id)
				}
			}
			if told != 1 {
				t.Errorf("%d calls after the commit", told)
			}
			jobs, err := direct.Jobs(ctx, "", 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, j := range jobs {
				if j.ID == id {
					n++
				}
			}
			if n != 1 || len(jobs) > 5 {
				t.Errorf("the job is there %d times, among %d", n, len(jobs))
			}
		})
	}
	jobs, err := direct.Jobs(t.Context(), "", 0, 100)
	if err != nil || len(jobs) != 5 {
		t.Errorf("%d jobs, want one for each transaction, %v", len(jobs), err)
	}
}

func TestThePrimaryMoves(t *testing.T) { servertest.OnEachFlavour(t, testThePrimaryMoves) }

func testThePrimaryMoves(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 1)
	old, next := db.Primary, db.Replicas[0]
	address, _ := db.NewDatabase(t)
	proxy := servertest.NewProxy(t, old.Port)
	if err := store.NewMigrator(storetest.Options(address)).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), storetest.Options(through(t, address, proxy.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	add := func() (int64, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
			return tx.AddJobID(ctx, id, "test", "x")
		})
	}
	acknowledged := map[int64]bool{}
	var written atomic.Int64
	stop, ended := make(chan struct{}), make(chan struct{})
	refused := 0
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if id, err := add(); err == nil {
				acknowledged[id] = true
				written.Add(1)
			} else {
				refused++
			}
		}
	}()
	some := func() {
		t.Helper()
		from := written.Load()
		storetest.Eventually(t, time.Minute, func() bool { return written.Load() >= from+10 })
	}
	some()
	old.ReadOnly(t, true)
	time.Sleep(300 * time.Millisecond) // nobody takes writes
	db.CatchUp(t)
	next.Promote(t)
	proxy.Target(next.Port) // connections to the old primary stay open, and refuse
	some()
	close(stop)
	<-ended
	if _, err := add(); err != nil {
		t.Errorf("writes do not recover: %v", err)
	}
	have := storetest.Options(through(t, address, next.Port))
	fresh, err := store.Open(t.Context(), have)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	there := map[int64]bool{}
	for before := int64(0); ; {
		jobs, err := fresh.Jobs(t.Context(), "", before, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs) == 0 {
			break
		}
		for _, j := range jobs {
			there[j.ID], before = true, j.ID
		}
	}
	for id := range acknowledged {
		if !there[id] {
			t.Errorf("%d was acknowledged and is lost", id)
		}
	}
	t.Logf("%d acknowledged, %d refused", len(acknowledged), refused)
}

// Under a backup's lock of all commits, COMMIT waits and obeys no context, while the server answers everything else.
// Whoever writes hears of it in the time of the request, and nothing is done twice.
func TestACommitThatHangs(t *testing.T) {
	server := servertest.MariaDB(t)
	s := storetest.MySQL(t, server.NewDatabase(t))
	add := func(ctx context.Context) (int64, error) {
		return s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
			return tx.AddJobID(ctx, id, "test", "x")
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := add(ctx); err != nil {
		t.Fatal(err)
	}

	const held = "DO SLEEP(50)"
	locked := make(chan error, 1)
	go func() {
		locked <- server.Exec("BACKUP STAGE START", "BACKUP STAGE FLUSH", "BACKUP STAGE BLOCK_DDL", "BACKUP STAGE BLOCK_COMMIT", held, "BACKUP STAGE END")
	}()
	holder := ""
	servertest.Eventually(t, "the lock is held", func() bool {
		var err error
		holder, err = server.Value("SELECT id FROM information_schema.processlist WHERE info = '" + held + "'")
		return err == nil
	})
	id, err := add(budget.Start(ctx, time.Second))
	if !errors.Is(err, store.ErrBusy) {
		t.Errorf("under the lock: %v", err)
	}
	if len(locked) > 0 {
		t.Error("the answer came only after the lock had gone")
	}
	if _, err := s.Jobs(ctx, "", 0, 100); err != nil {
		t.Errorf("a read meanwhile: %v", err)
	}
	if err := server.Exec("KILL " + holder); err != nil {
		t.Fatal(err)
	}
	<-locked
	if _, err := add(ctx); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	jobs, err := s.Jobs(ctx, "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, j := range jobs {
		if j.ID == id {
			n++
		}
	}
	// Nobody was told that it was done: it may have been, once.
	if n > 1 || len(jobs) > 3 {
		t.Errorf("the job is there %d times, among %d", n, len(jobs))
	}
}
