package store_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A COMMIT gets no answer, and the place is sealed before anybody can look what became of it. What was done is found there, under its
// id, and is not done again. What was not done is done in the place that is in charge then, once and under the same id.
func TestALostCommitOverASwitch(t *testing.T) {
	f := servertest.AnyFlavour(t)
	for name, committed := range map[string]bool{"committed": true, "not committed": false} {
		t.Run(name, func(t *testing.T) {
			server := f.Server(t)
			a, b := newSite(t, f.String()), newSite(t, "sqlite")
			u, err := url.Parse(a.url)
			if err != nil {
				t.Fatal(err)
			}
			port, err := strconv.Atoi(u.Port())
			if err != nil {
				t.Fatal(err)
			}
			proxy := servertest.NewProxy(t, port)
			ctx := testContext(t)
			s, err := store.OpenBoth(ctx, storetest.Options(through(t, a.url, proxy.Port)), storetest.Options(b.url))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			long := time.Now().Add(time.Hour)
			s.Serve(store.Serving{Until: long, Writable: true})
			if err := errors.Join(a.place.MakeGate(ctx), a.place.MakeTriggers(ctx)); err != nil {
				t.Fatal(err)
			}
			sealed := make(chan struct{})
			var sealErr error
			proxy.CutAt("\x03COMMIT", committed, 1, func() {
				go func() {
					ok, err := a.place.SwapGate(ctx, store.Gate{Mode: store.GateOpen}, store.Gate{Mode: store.GateSealed}, 20*time.Second)
					if sealErr = err; err == nil && !ok {
						sealErr = errors.New("it was not sealed")
					}
					close(sealed)
				}()
				if committed {
					<-sealed
					return
				}
				// The transaction holds the gate until the server notices that its client has gone. Who seals is the next. The table
				// is read anew only where nobody read it for a tenth of a second.
				servertest.Eventually(t, "the seal waits", func() bool {
					time.Sleep(200 * time.Millisecond)
					n, err := server.Value("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
					return err == nil && n != "0"
				})
			})
			var tries []string
			var ids []int64
			type result struct {
				id  int64
				err error
			}
			ended := make(chan result, 1)
			go func() {
				id, err := s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
					tries, ids = append(tries, tx.Dialect()), append(ids, id)
					return tx.AddJobID(ctx, id, "test", "x")
				})
				ended <- result{id, err}
			}()
			if <-sealed; sealErr != nil {
				t.Fatal(sealErr)
			}
			if !committed {
				servertest.Eventually(t, "it waits for the switch", func() bool { return s.WriteWaits().Now == 1 })
				s.Serve(store.Serving{Next: true, Until: long, Writable: true})
			}
			r := <-ended
			if r.err != nil || slices.ContainsFunc(ids, func(id int64) bool { return id != r.id }) {
				t.Fatalf("%+v, with the ids %v", r, ids)
			}
			was, wasErr := a.JobByID(ctx, r.id)
			is, isErr := b.JobByID(ctx, r.id)
			if committed {
				if wasErr != nil || was.Kind != "test" || !errors.Is(isErr, store.ErrNotFound) || !slices.Equal(tries, []string{"mysql"}) {
					t.Errorf("%+v, %v in the source, %v in the target, after tries in %v", was, wasErr, isErr, tries)
				}
				return
			}
			if isErr != nil || is.Kind != "test" || !errors.Is(wasErr, store.ErrNotFound) || tries[len(tries)-1] != "sqlite" || slices.Index(tries, "sqlite") != len(tries)-1 {
				t.Errorf("%+v, %v in the target, %v in the source, after tries in %v", is, isErr, wasErr, tries)
			}
		})
	}
}
