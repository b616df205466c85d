package move

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tintype/internal/media"
)

// However many workers look at things, together they take as many a second as the mover was told, and no more.
func TestAMoverKeepsToItsRate(t *testing.T) {
	for _, workers := range []int{1, 5} {
		synctest.Test(t, func(t *testing.T) {
			m := newMoverTable()
			serve(t, m, 1, "one", "1", "b")
			mover, _ := moverOf(m, "me")
			mover.Rate = 4
			var mu sync.Mutex
			var took []time.Duration
			mover.Work.Copy = func(_ context.Context, _, _ string, step func(int64) error) (int64, error) {
				begin := time.Now()
				var group sync.WaitGroup
				for range workers {
					group.Go(func() {
						for range 40 / workers {
							if err := step(1); err != nil {
								t.Error(err)
							}
							mu.Lock()
							took = append(took, time.Since(begin))
							mu.Unlock()
						}
					})
				}
				group.Wait()
				return 0, nil
			}
			if err := mover.Move(t.Context(), "a", "b", always); err != nil {
				t.Fatal(err)
			}
			slices.Sort(took)
			for i, d := range took {
				if want := time.Duration(i+1) * time.Second / 4; d != want {
					t.Errorf("%d workers: the thing %d is done after %v, want %v", workers, i+1, d, want)
				}
			}
			if len(took) != 40 {
				t.Errorf("%d things", len(took))
			}
		})
	}
}

// together is a place whose files are opened only once n are asked for at the same time.
type together struct {
	media.Store
	t *testing.T
	n int

	mu       sync.Mutex
	in, most int
	all      chan struct{}
}

func (p *together) Open(ctx context.Context, key string) (*media.Object, error) {
	p.mu.Lock()
	p.in++
	p.most = max(p.most, p.in)
	if p.in == p.n {
		select {
		case <-p.all:
		default:
			close(p.all)
		}
	}
	p.mu.Unlock()
	select {
	case <-p.all:
	case <-time.After(time.Minute):
		p.t.Errorf("no %d workers are at work at once", p.n)
	}
	p.mu.Lock()
	p.in--
	p.mu.Unlock()
	return p.Store.Open(ctx, key)
}

// As many sets are copied at once as there are workers.
func TestPhotoCopyHasWorkers(t *testing.T) {
	for _, n := range []int{1, 5} {
		w := newPhotoWorld(t)
		w.settled(3 * n)
		c := w.copier(false)
		from := &together{Store: w.disks[fromPlace], t: t, n: n, all: make(chan struct{})}
		c.From, c.To, c.Workers = from, w.disks[toPlace], n
		if copied, err := c.Pass(t.Context()); err != nil || copied != int64(6*n) {
			t.Errorf("%d files, %v", copied, err)
		}
		if from.most != n {
			t.Errorf("%d were copied at once by %d workers", from.most, n)
		}
	}
}
