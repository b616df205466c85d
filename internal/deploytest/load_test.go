package deploytest

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// A load reads all the time.
type load struct {
	asked, failed atomic.Int64
	first         atomic.Pointer[string]
	end           chan struct{}
	wg            sync.WaitGroup
}

func newLoad(t *testing.T, site string) *load {
	l := &load{end: make(chan struct{})}
	t.Cleanup(l.quit)
	for n := range 3 {
		client := servertest.NewClient(nil, site)
		client.Transport = &http.Transport{DisableKeepAlives: n > 0}
		l.wg.Go(func() {
			for {
				select {
				case <-l.end:
					return
				case <-time.After(10 * time.Millisecond):
				}
				l.asked.Add(1)
				if _, err := client.Must(http.StatusOK, servertest.Read("/about")); err != nil {
					l.failed.Add(1)
					text := err.Error()
					l.first.CompareAndSwap(nil, &text)
				}
			}
		})
	}
	return l
}

func (l *load) quit() {
	select {
	case <-l.end:
	default:
		close(l.end)
	}
	l.wg.Wait()
}

// goesOn waits until more requests have been answered.
func (l *load) goesOn(t *testing.T) {
	t.Helper()
	before := l.asked.Load()
	eventually(t, "more answers", func() error {
		if l.asked.Load() > before+30 {
			return nil
		}
		return fmt.Errorf("%d asked", l.asked.Load()-before)
	})
}

// stop ends it and tells whether a request failed.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.quit()
	if n := l.failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed, the first with %s", n, l.asked.Load(), *l.first.Load())
	}
}
