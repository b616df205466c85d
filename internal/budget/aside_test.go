package budget

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// What a read writes by the way costs it 80 ms at most, and nothing of its allowance. It goes on without the read, for a
// while, and few do at once.
func TestAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asides = make(chan struct{}, mostAsides) // of this bubble
		read, cancel := context.WithCancel(Start(t.Context(), time.Second))
		defer cancel()
		aside := func(lasts time.Duration) (took time.Duration, ended bool, err func() error) {
			began, over := time.Now(), make(chan error, 1)
			ended = Aside(read, func(ctx context.Context) {
				ctx, done, end := Take(ctx)
				defer end()
				defer done()
				select {
				case <-time.After(lasts):
				case <-ctx.Done():
				}
				over <- ctx.Err()
			})
			return time.Since(began), ended, func() error {
				err := <-over
				synctest.Wait() // its place is free
				return err
			}
		}
		if took, ended, err := aside(10 * time.Millisecond); took != 10*time.Millisecond || !ended || err() != nil {
			t.Errorf("a short one took %v, ended: %v", took, ended)
		}
		took, ended, err := aside(2 * time.Second)
		if took != asidePatience || ended {
			t.Errorf("a long one took %v, ended: %v", took, ended)
		}
		if err := err(); err != nil {
			t.Errorf("a long one ended with %v", err)
		}
		for n := range mostAsides {
			want := asideBehind
			if n == 0 {
				want = asidePatience
			}
			if took, ended, _ := aside(time.Hour); took != want || ended {
				t.Errorf("one that hangs took %v, ended: %v", took, ended)
			}
		}
		if took := Aside(read, func(context.Context) { t.Error("one too many was begun") }); took {
			t.Error("one that was not begun has ended")
		}
		if left := Left(read, time.Hour); left != time.Second {
			t.Errorf("%v of a second are left", left)
		}
		time.Sleep(asideLimit) // in a bubble, where it takes no time
		if _, ended, err := aside(0); !ended || err() != nil {
			t.Error("the ones that hung were not ended")
		}
		cancel()
		if Aside(read, func(ctx context.Context) { <-ctx.Done() }) {
			t.Error("a read that is over waited")
		}
		time.Sleep(asideLimit) // likewise: what goes on alone ends
	})
	asides = make(chan struct{}, mostAsides)
}
